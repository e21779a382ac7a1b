/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What compares and sets PINs: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER. */
#include <errno.h>
#include <string.h>

#include "apdu/jpki-file.h"
#include "apdu/jpki-object.h"
#include "apdu/jpki.h"
#include "apdu/pin.h"
#include "apdu/status.h"
#include "base/cleanup.h"
#include "base/error.h"

enum {
	P1_NEW_REFERENCE_DATA_ONLY = 0x01,
	CODE_TRIES_MAX = 15, /* no card has told its own: all that 63Cx can say */
};

/* The tries that a status word tells; false where it is not about tries. */
static bool tries_of(uint16_t sw, int *ret_tries)
{
	if (status_tries(sw, ret_tries))
		return true;
	if (status_is_blocked(sw))
		*ret_tries = 0;
	else if (sw == STATUS_NO_INFORMATION)
		*ret_tries = JPKI_TRIES_UNKNOWN;
	else
		return false;
	return true;
}

/* A command that compares asks for the tries when it has no body. */
static int ask_tries(struct jpki *jpki, enum jpki_applet applet, uint8_t ins, int tries_max,
		     int *ret_tries)
{
	struct command query = {
		.cla = CLA_INTERINDUSTRY,
		.ins = ins,
		.p2 = P2_CURRENT_REFERENCE,
	};
	CLEANUP(response_wipe) struct response response;
	int tries = JPKI_TRIES_UNKNOWN;
	int r;

	r = jpki_file_refer(jpki, jpki_objects[applet].ef_pin, &query, &query.p2, &response);
	if (r != 0)
		return r;
	if (jpki->ins != ins)
		return ANSWER_CARD_ERROR;
	if (!status_is_success(jpki->sw) && !tries_of(jpki->sw, &tries))
		return ANSWER_CARD_ERROR;
	if (tries > tries_max)
		return ANSWER_CARD_ERROR;

	jpki->short_verify = jpki->short_ef;
	*ret_tries = tries;
	return 0;
}

int jpki_tries(struct jpki *jpki, enum jpki_applet applet, int *ret_tries)
{
	return ask_tries(jpki, applet, INS_VERIFY, (int)jpki_tries_max(applet), ret_tries);
}

int jpki_reset_tries(struct jpki *jpki, enum jpki_applet applet, int *ret_tries)
{
	return ask_tries(jpki, applet, INS_RESET_RETRY_COUNTER, CODE_TRIES_MAX, ret_tries);
}

static int select_pin(struct jpki *jpki, enum jpki_applet applet)
{
	const int r = jpki_file_select(jpki, jpki_objects[applet].ef_pin);

	if (r != 0)
		return r;
	return status_is_success(jpki->sw) ? 0 : ANSWER_CARD_ERROR;
}

/* For commands that are not sent twice: the form that a query has proved. */
static int refer_once(struct jpki *jpki, enum jpki_applet applet, uint8_t *ret_p2)
{
	if (!jpki->short_verify) {
		*ret_p2 = P2_CURRENT_REFERENCE;
		return select_pin(jpki, applet);
	}
	jpki->current_ef = 0;
	*ret_p2 = jpki_file_short_reference(jpki_objects[applet].ef_pin);
	return 0;
}

/* An empty PIN would make another command of it. */
static bool can_send(const struct jpki *jpki, const struct secret *pin)
{
	return pin ? pin->length > 0 : jpki->channel.transmit_from_pad != NULL;
}

/* Sends @command with @pin as its body, or with what is typed at the pad. */
static int send_pin(struct jpki *jpki, enum jpki_applet applet, const struct secret *pin,
		    bool is_new, struct command *command)
{
	CLEANUP(response_wipe) struct response response;
	struct pin_entry entry = { .is_new = is_new };

	if (!pin) {
		pin_lengths(applet, &entry.length_min, &entry.length_max);
		return jpki_file_send_from_pad(jpki, command, &entry, &response);
	}
	command->data = pin->bytes;
	command->length = pin->length;
	return jpki_file_send(jpki, command, &response);
}

/* What the card says to a command that compares and has been sent once. */
static int comparison_answer(struct jpki *jpki, int tries_max, int *ret_tries)
{
	int tries;

	/* Not sent again in the other form; the next one will be. */
	if (jpki->short_verify && status_refuses_reference(jpki->sw))
		jpki->short_ef = jpki->short_verify = false;
	if (status_is_success(jpki->sw))
		return 0;
	if (!tries_of(jpki->sw, &tries))
		return status_is_refusal(jpki->sw) ? ANSWER_CARD_ERROR : ANSWER_OUTCOME_UNKNOWN;
	*ret_tries = tries > tries_max ? JPKI_TRIES_UNKNOWN : tries;
	return status_is_blocked(jpki->sw) ? ANSWER_PIN_LOCKED : ANSWER_PIN_INCORRECT;
}

int jpki_verify(struct jpki *jpki, enum jpki_applet applet, const struct secret *pin,
		int *ret_tries)
{
	struct command verify = { .cla = CLA_INTERINDUSTRY, .ins = INS_VERIFY };
	int r;

	if (!can_send(jpki, pin))
		return -EINVAL;

	r = refer_once(jpki, applet, &verify.p2);
	if (r == 0)
		r = send_pin(jpki, applet, pin, false, &verify);
	if (r != 0)
		return r;
	return comparison_answer(jpki, (int)jpki_tries_max(applet), ret_tries);
}

int jpki_change(struct jpki *jpki, enum jpki_applet applet, const struct secret *new_pin)
{
	struct command change = {
		.cla = CLA_INTERINDUSTRY,
		.ins = INS_CHANGE_REFERENCE_DATA,
		.p1 = P1_NEW_REFERENCE_DATA_ONLY,
		.p2 = P2_CURRENT_REFERENCE,
	};
	int r, tries;

	if (!can_send(jpki, new_pin))
		return -EINVAL;

	r = select_pin(jpki, applet);
	if (r == 0)
		r = send_pin(jpki, applet, new_pin, true, &change);
	if (r != 0 || status_is_success(jpki->sw))
		return r;
	/* A word about tries is a comparison that failed: nothing was changed after it. */
	if (status_is_refusal(jpki->sw) || tries_of(jpki->sw, &tries))
		return ANSWER_CARD_ERROR;
	return ANSWER_OUTCOME_UNKNOWN;
}

static struct secret *join(const struct secret *code, const struct secret *pin)
{
	struct secret *both = secret_new(code->length + pin->length);

	if (!both)
		return NULL;
	memcpy(both->bytes, code->bytes, code->length);
	memcpy(both->bytes + code->length, pin->bytes, pin->length);
	both->length = code->length + pin->length;
	return both;
}

int jpki_reset(struct jpki *jpki, enum jpki_applet applet, const struct secret *code,
	       const struct secret *new_pin, int *ret_tries)
{
	struct command reset = { .cla = CLA_INTERINDUSTRY, .ins = INS_RESET_RETRY_COUNTER };
	CLEANUP(secret_freep) struct secret *body = NULL;
	int r;

	if (code->length == 0 || new_pin->length == 0)
		return -EINVAL;
	body = join(code, new_pin);
	if (!body)
		return -ENOMEM;

	r = refer_once(jpki, applet, &reset.p2);
	if (r == 0)
		r = send_pin(jpki, applet, body, true, &reset);
	if (r != 0)
		return r;
	return comparison_answer(jpki, CODE_TRIES_MAX, ret_tries);
}
