/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-pcsc.h"

#include <stdio.h>
#include <string.h>

#include "apdu/command.h"
#include "apdu/status.h"
#include "tests/unit/fake-steps.h"

enum {
	P1_SELECT_EF = 0x02,
	P1_NEW_PIN_ONLY = 0x01,
	P2_CURRENT = 0x80,
	P2_AUTH_PIN = 0x98,
	P2_AUTH_KEY = 0x97,
	EF_AUTH_PIN = 0x18,
	P1_TOKEN_INFO = 0x86,
	P1_AVAILABILITY = 0x88,
	HEADER_LENGTH = 4,
	LC_OFFSET = 4,
	DATA_OFFSET = 5,
	LABEL_LENGTH = 32,
	STATUS_TRIES = 0x63C0,
	STATUS_WRONG_DATA = 0x6A80,
};

static const uint8_t aid[] = { 0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01 };

struct fake_card fake_card;
struct fake_pad fake_pad;
struct pcsc_readers fake_readers;

struct pcsc {
	int nothing;
};

struct pcsc_card {
	int nothing;
};

static struct pcsc the_context;
static struct pcsc_card the_connection;

void fake_pcsc_reset(void)
{
	fake_reset();
	fake_readers = (struct pcsc_readers){ 0 };
	fake_pad = (struct fake_pad){ 0 };
	fake_card = (struct fake_card){
		.is_jpki = true,
		.pins = { [JPKI_AUTH] = "1234", [JPKI_SIGN] = "ABC123" },
		.code_tries = FAKE_RESET_CODE_TRIES,
	};
	for (int applet = 0; applet < JPKI_APPLET_COUNT; applet++)
		fake_card.tries[applet] = (int)jpki_tries_max((enum jpki_applet)applet);
}

/* --- the card ------ */

struct answer {
	uint8_t *bytes;
	size_t length;
};

static void answer_data(struct answer *answer, const void *data, size_t length)
{
	memcpy(answer->bytes + answer->length, data, length);
	answer->length += length;
}

static void answer_sw(struct answer *answer, uint16_t sw)
{
	const uint8_t bytes[] = { (uint8_t)(sw >> 8), (uint8_t)sw };

	answer_data(answer, bytes, sizeof(bytes));
}

static void forget_verified(void)
{
	memset(fake_card.verified, 0, sizeof(fake_card.verified));
}

static long card_select_ef(const uint8_t *command, struct answer *answer)
{
	const long lost = fake_step("EF");

	fake_card.current = command[DATA_OFFSET + 1] == EF_AUTH_PIN ? JPKI_AUTH : JPKI_SIGN;
	answer_sw(answer, STATUS_SUCCESS);
	return lost;
}

static long card_select(const uint8_t *command, size_t length, struct answer *answer)
{
	const bool is_jpki = length == DATA_OFFSET + sizeof(aid) && memcmp(command + DATA_OFFSET, aid, sizeof(aid)) == 0;
	const long lost = fake_step(is_jpki ? "SELECT" : "CLEAR");

	if (is_jpki ? !fake_card.is_jpki : fake_card.refuses_clear) {
		answer_sw(answer, STATUS_FILE_NOT_FOUND);
		return lost;
	}
	fake_card.selected = is_jpki;
	/* As on real cards: selecting JPKI again changes nothing. */
	if (!is_jpki)
		forget_verified();
	answer_sw(answer, STATUS_SUCCESS);
	return lost;
}

static long card_read(const uint8_t *command, struct answer *answer)
{
	const long lost = fake_step("READ");
	char label[LABEL_LENGTH + 1];

	switch (command[2]) {
	case P1_TOKEN_INFO:
		snprintf(label, sizeof(label), "%-*s", LABEL_LENGTH,
			 fake_card.has_reset_code ? "JPKIAPICCTOKEN3" : "JPKIAPICCTOKEN2");
		answer_data(answer, label, LABEL_LENGTH);
		break;
	case P1_AVAILABILITY:
		answer_data(answer, "\x01\x01", 2);
		break;
	default:
		answer_data(answer, FAKE_CERTIFICATE, sizeof(FAKE_CERTIFICATE) - 1);
		break;
	}
	answer_sw(answer, STATUS_SUCCESS);
	return lost;
}

static bool equals(const char *value, const uint8_t *bytes, size_t length)
{
	return length == strlen(value) && memcmp(bytes, value, length) == 0;
}

static uint16_t compare(enum jpki_applet applet, const uint8_t *pin, size_t length)
{
	int *tries = &fake_card.tries[applet];

	if (*tries == 0)
		return STATUS_AUTHENTICATION_BLOCKED;
	fake_card.verified[applet] = equals(fake_card.pins[applet], pin, length);
	if (!fake_card.verified[applet])
		return (uint16_t)(STATUS_TRIES | --*tries);
	*tries = (int)jpki_tries_max(applet);
	return STATUS_SUCCESS;
}

static uint16_t set_pin(enum jpki_applet applet, const uint8_t *pin, size_t length)
{
	if (fake_card.refuses_new_pins || length == 0 || length > PIN_LENGTH_MAX)
		return STATUS_WRONG_DATA;
	memcpy(fake_card.pins[applet], pin, length);
	fake_card.pins[applet][length] = '\0';
	fake_card.tries[applet] = (int)jpki_tries_max(applet);
	return STATUS_SUCCESS;
}

static uint16_t query(enum jpki_applet applet)
{
	if (applet == JPKI_SIGN && fake_card.has_no_sign_pin)
		return STATUS_NO_PRECISE_DIAGNOSIS;
	if (fake_card.hides_tries)
		return STATUS_NO_INFORMATION;
	return (uint16_t)(STATUS_TRIES | fake_card.tries[applet]);
}

static enum jpki_applet referred(uint8_t p2)
{
	if (p2 == P2_CURRENT)
		return fake_card.current;
	return p2 == P2_AUTH_PIN ? JPKI_AUTH : JPKI_SIGN;
}

static long card_verify(const uint8_t *command, size_t length, struct answer *answer)
{
	const enum jpki_applet applet = referred(command[3]);
	const bool is_query = length == HEADER_LENGTH;
	const long lost = fake_step(is_query ? "QUERY" : "VERIFY");

	answer_sw(answer, is_query ? query(applet) : compare(applet, command + DATA_OFFSET, command[LC_OFFSET]));
	return lost;
}

static uint16_t change(const uint8_t *command)
{
	const enum jpki_applet applet = referred(command[3]);

	if (command[2] != P1_NEW_PIN_ONLY || !fake_card.verified[applet])
		return STATUS_SECURITY_NOT_SATISFIED;
	return set_pin(applet, command + DATA_OFFSET, command[LC_OFFSET]);
}

static long card_change(const uint8_t *command, struct answer *answer)
{
	const long lost = fake_step("CHANGE");

	answer_sw(answer, change(command));
	return lost;
}

static uint16_t reset(enum jpki_applet applet, const uint8_t *data, size_t length)
{
	const size_t code_length = sizeof(FAKE_RESET_CODE) - 1;

	if (fake_card.code_tries == 0)
		return STATUS_AUTHENTICATION_BLOCKED;
	if (length < code_length || !equals(FAKE_RESET_CODE, data, code_length))
		return (uint16_t)(STATUS_TRIES | --fake_card.code_tries);
	fake_card.code_tries = FAKE_RESET_CODE_TRIES;
	fake_card.verified[applet] = false;
	return set_pin(applet, data + code_length, length - code_length);
}

static long card_reset(const uint8_t *command, size_t length, struct answer *answer)
{
	const bool is_query = length == HEADER_LENGTH;
	const long lost = fake_step(is_query ? "QUERY-CODE" : "RESET");

	if (!fake_card.has_reset_code)
		answer_sw(answer, STATUS_NO_PRECISE_DIAGNOSIS);
	else if (is_query)
		answer_sw(answer, (uint16_t)(STATUS_TRIES | fake_card.code_tries));
	else
		answer_sw(answer, reset(referred(command[3]), command + DATA_OFFSET, command[LC_OFFSET]));
	return lost;
}

/* The "signature" repeats the first byte of the input, so that a test can tell which is which. */
static long card_sign(const uint8_t *command, struct answer *answer)
{
	const enum jpki_applet applet = command[3] == P2_AUTH_KEY ? JPKI_AUTH : JPKI_SIGN;
	const long lost = fake_step("SIGN");
	uint8_t signature[FAKE_SIGNATURE_LENGTH];

	if (!fake_card.verified[applet]) {
		answer_sw(answer, STATUS_SECURITY_NOT_SATISFIED);
		return lost;
	}
	memset(signature, command[DATA_OFFSET], sizeof(signature));
	answer_data(answer, signature, sizeof(signature));
	answer_sw(answer, STATUS_SUCCESS);
	return lost;
}

static long card_run(const uint8_t *command, size_t length, struct answer *answer)
{
	if (command[1] == INS_SELECT && command[2] == P1_SELECT_EF)
		return card_select_ef(command, answer);
	if (command[1] == INS_SELECT)
		return card_select(command, length, answer);
	if (!fake_card.selected) {
		answer_sw(answer, STATUS_NO_CURRENT_EF);
		return fake_step("UNSELECTED");
	}
	switch (command[1]) {
	case INS_READ_BINARY:
		return card_read(command, answer);
	case INS_VERIFY:
		return card_verify(command, length, answer);
	case INS_CHANGE_REFERENCE_DATA:
		return card_change(command, answer);
	case INS_RESET_RETRY_COUNTER:
		return card_reset(command, length, answer);
	case INS_PERFORM_SECURITY_OPERATION:
		return card_sign(command, answer);
	default:
		answer_sw(answer, STATUS_NO_PRECISE_DIAGNOSIS);
		return fake_step("OTHER");
	}
}

/* --- daemon/pcsc.h ------ */

int pcsc_open(struct pcsc **ret_pcsc)
{
	const int answer = (int)fake_step("open");

	if (answer == 0)
		*ret_pcsc = &the_context;
	return answer;
}

struct pcsc *pcsc_close(struct pcsc *pcsc)
{
	if (pcsc)
		fake_step("close");
	return NULL;
}

void pcsc_closep(struct pcsc **pcsc)
{
	*pcsc = pcsc_close(*pcsc);
}

int pcsc_watch(struct pcsc *pcsc, struct pcsc_readers *readers)
{
	const int answer = (int)fake_step_when_told("watch");

	if (answer == 0)
		*readers = fake_readers;
	return answer;
}

int pcsc_connect(struct pcsc *pcsc, const char *reader, bool exclusive, struct pcsc_card **ret_card)
{
	const int answer = (int)fake_step_with("connect", "%s,%s", reader, exclusive ? "exclusive" : "shared");

	if (answer == 0)
		*ret_card = &the_connection;
	return answer;
}

static void power_off(void)
{
	fake_card.selected = false;
	forget_verified();
}

struct pcsc_card *pcsc_disconnect(struct pcsc_card *card, bool off)
{
	if (card)
		fake_step_with("disconnect", "%s", off ? "off" : "leave");
	if (card && off)
		power_off();
	return NULL;
}

int pcsc_begin(struct pcsc_card *card)
{
	return (int)fake_step("begin");
}

int pcsc_end(struct pcsc_card *card)
{
	return (int)fake_step("end");
}

int pcsc_power_cycle(struct pcsc_card *card)
{
	const int answer = (int)fake_step("power");

	if (answer == 0)
		power_off();
	return answer;
}

bool pcsc_is_gone(struct pcsc_card *card)
{
	return fake_step("gone?") != 0;
}

int pcsc_transmit(void *card, const uint8_t *command, size_t command_length, uint8_t *response,
		  size_t *response_length)
{
	struct answer answer = { .bytes = response };
	const int lost = (int)card_run(command, command_length, &answer);

	if (lost == 0)
		*response_length = answer.length;
	return lost;
}

bool pcsc_has_pin_pad(const struct pcsc_card *card)
{
	return fake_pad.is_there;
}

bool pcsc_takes_new_pins(const struct pcsc_card *card)
{
	return fake_pad.is_there;
}

/* What @typed makes of the header; nothing typed is a query. */
static size_t type(const uint8_t header[4], const char *typed, uint8_t *ret_command)
{
	const size_t length = strlen(typed);

	memcpy(ret_command, header, HEADER_LENGTH);
	if (length == 0)
		return HEADER_LENGTH;
	ret_command[LC_OFFSET] = (uint8_t)length;
	memcpy(ret_command + DATA_OFFSET, typed, length);
	return DATA_OFFSET + length;
}

int pcsc_transmit_from_pad(void *card, const uint8_t header[4], const struct pin_entry *entry,
			   uint8_t *response, size_t *response_length)
{
	uint8_t command[COMMAND_LENGTH_MAX] = { 0 };
	struct answer answer = { .bytes = response };
	int failed = (int)fake_step_with("pad", "%zu-%zu%s", entry->length_min, entry->length_max,
					 entry->is_new ? " twice" : "");

	if (failed != 0)
		return failed;
	if (fake_pad.typed)
		failed = (int)card_run(command, type(header, fake_pad.typed, command), &answer);
	else
		answer_sw(&answer, fake_pad.sw);
	if (failed == 0)
		*response_length = answer.length;
	return failed;
}
