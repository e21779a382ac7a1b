/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/jpki-file.h"

#include "apdu/exchange.h"
#include "apdu/status.h"
#include "base/cleanup.h"

enum {
	P1_SELECT_EF_UNDER_CURRENT_DF = 0x02,
	P1_SELECT_DF_NAME = 0x04,
	P2_NO_RESPONSE_DATA = 0x0C,
	SHORT_EF = 0x80,
	SHORT_EF_MASK = 0x1F,
};

/* @result is what sending @command came to. */
static int note_answer(struct jpki *jpki, const struct command *command,
		       const struct response *response, int result)
{
	if (result != 0)
		return result;
	jpki->ins = command->ins;
	jpki->sw = response->sw;
	return 0;
}

int jpki_file_send(struct jpki *jpki, const struct command *command, struct response *ret_response)
{
	const int r = exchange_send(&jpki->channel, command, ret_response);

	return note_answer(jpki, command, ret_response, r);
}

int jpki_file_send_from_pad(struct jpki *jpki, const struct command *command,
			    const struct pin_entry *entry, struct response *ret_response)
{
	const int r = exchange_send_from_pad(&jpki->channel, command, entry, ret_response);

	return note_answer(jpki, command, ret_response, r);
}

static int select_by(struct jpki *jpki, uint8_t p1, const uint8_t *name, size_t length)
{
	CLEANUP(response_wipe) struct response response;
	const struct command command = {
		.cla = CLA_INTERINDUSTRY,
		.ins = INS_SELECT,
		.p1 = p1,
		.p2 = P2_NO_RESPONSE_DATA,
		.data = name,
		.length = length,
	};

	jpki->current_ef = 0;
	return jpki_file_send(jpki, &command, &response);
}

int jpki_file_select_application(struct jpki *jpki, const uint8_t *aid, size_t length)
{
	return select_by(jpki, P1_SELECT_DF_NAME, aid, length);
}

int jpki_file_select(struct jpki *jpki, uint16_t ef)
{
	const uint8_t id[] = { (uint8_t)(ef >> 8), (uint8_t)ef };
	int r;

	if (jpki->current_ef == ef) {
		jpki->ins = INS_SELECT;
		jpki->sw = STATUS_SUCCESS;
		return 0;
	}

	r = select_by(jpki, P1_SELECT_EF_UNDER_CURRENT_DF, id, sizeof(id));
	if (r == 0 && status_is_success(jpki->sw))
		jpki->current_ef = ef;
	return r;
}

uint8_t jpki_file_short_reference(uint16_t ef)
{
	return (uint8_t)(SHORT_EF | (ef & SHORT_EF_MASK));
}

int jpki_file_refer(struct jpki *jpki, uint16_t ef, struct command *command, uint8_t *reference,
		    struct response *ret_response)
{
	const uint8_t plain = *reference;
	int r;

	if (jpki->short_ef) {
		/* Whether the short form makes its EF the current one, cards disagree. */
		jpki->current_ef = 0;
		*reference = jpki_file_short_reference(ef);
		r = jpki_file_send(jpki, command, ret_response);
		*reference = plain;
		if (r != 0 || !status_refuses_reference(jpki->sw))
			return r;
	}

	ret_response->length = 0;
	r = jpki_file_select(jpki, ef);
	if (r != 0 || !status_is_success(jpki->sw))
		return r;
	r = jpki_file_send(jpki, command, ret_response);
	/*
	 * Two refusals are about the command or the file; only a better answer blames the short
	 * form.
	 */
	if (r == 0 && !status_refuses_reference(jpki->sw))
		jpki->short_ef = false;
	return r;
}

int jpki_file_read(struct jpki *jpki, uint16_t ef, size_t le, struct response *ret_response)
{
	struct command command = { .cla = CLA_INTERINDUSTRY, .ins = INS_READ_BINARY, .le = le };

	return jpki_file_refer(jpki, ef, &command, &command.p1, ret_response);
}

int jpki_file_read_on(struct jpki *jpki, uint16_t ef, size_t offset, size_t le,
		      struct response *ret_response)
{
	const struct command command = {
		.cla = CLA_INTERINDUSTRY,
		.ins = INS_READ_BINARY,
		.p1 = (uint8_t)(offset >> 8),
		.p2 = (uint8_t)offset,
		.le = le,
	};
	int r;

	r = jpki_file_send(jpki, &command, ret_response);
	if (r != 0 || !status_lacks_current_ef(jpki->sw) || jpki->current_ef == ef)
		return r;

	ret_response->length = 0;
	r = jpki_file_select(jpki, ef);
	if (r != 0 || !status_is_success(jpki->sw))
		return r;
	return jpki_file_send(jpki, &command, ret_response);
}
