/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/card.h"

#include <string.h>

#include <openssl/rand.h>

#include "tests/card/signature.h"

enum {
	CLA_ISO = 0x00,
	CLA_PROPRIETARY = 0x80,
	CLA_CHANNEL_MASK = 0x03,
	CLA_SECURE_MASK = 0x0c,
	P1_SELECT_EF = 0x02,
	P1_SELECT_AID = 0x04,
	P1_NEW_PIN_ONLY = 0x01,
	P1_EF_ID_FLAG = 0x80,
	P2_SELECT_NO_FCI = 0x0c,
	P2_CURRENT_EF = 0x80,
	SHORT_EF_MASK = 0x1f,
};

static const struct application {
	const char *aid;
	size_t aid_len;
	bool jpki;
	bool on_phone;
} applications[] = {
	{"\xd3\x92\xf0\x00\x26\x01\x00\x00\x00\x01", 10, true, true},
	/* 券面事項入力補助, 券面事項確認, 住基, common data */
	{"\xd3\x92\x10\x00\x31\x00\x01\x01\x04\x08", 10, false, false},
	{"\xd3\x92\x10\x00\x31\x00\x01\x01\x04\x02", 10, false, false},
	{"\xd3\x92\x10\x00\x31\x00\x01\x01\x04\x01", 10, false, false},
	{"\xd3\x92\x10\x00\x31\x00\x01\x01\x01\x00", 10, false, false},
	/* GlobalPlatform issuer security domain */
	{"\xa0\x00\x00\x01\x51\x00\x00", 7, false, true},
};

static const struct card_type types[] = {
	/* No card with a reset code is out, and nobody has said what its label will be. */
	{"mynumber-card", "JPKIAPICCTOKEN2", "JPKIAPICCTOKEN3", false, false},
	{"android-phone", "JPKIAPGPSETOKEN", NULL, true, false},
	{"iphone", "JPKIAPIOSTOKEN", NULL, true, true},
	{"juki-card", "JPKIAPICCTOKEN", NULL, false, false},
};

const struct card_type *card_type_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	}
	return NULL;
}

static const char *label_choose(const struct card_type *type, const struct pins *pins)
{
	return *pins->reset_code && type->next_label ? type->next_label : type->label;
}

int card_open(struct card *card, const struct card_traits *traits, const struct pki *pki,
	      struct pins *pins)
{
	int r;

	*card = (struct card){.traits = traits, .pki = pki, .pins = pins};
	r = ef_fill(card->content, traits, label_choose(traits->type, pins), pki);
	if (r < 0)
		card_clear(card);
	return r;
}

void card_clear(struct card *card)
{
	for (size_t i = 0; i < EF_COUNT; i++)
		bytes_clear(&card->content[i]);
}

static void card_deselect(struct card *card)
{
	card->jpki_selected = false;
	card->current = NULL;
	card->held = (struct answer){0};
}

void card_power_on(struct card *card)
{
	if (card->powered)
		return;
	card->powered = true;
	card->first_command = true;
	card_deselect(card);
}

void card_power_off(struct card *card)
{
	card->powered = false;
	card_deselect(card);
	pins_forget(card->pins);
}

void card_reset(struct card *card)
{
	card_power_on(card);
	card_deselect(card);
}

static bool application_exists(const struct card_traits *traits, const struct application *a)
{
	return a->jpki ? !traits->not_jpki : a->on_phone || !traits->type->phone;
}

/* The AID may be cut short on the right; the first application that it fits is selected. */
static uint16_t run_select_aid(struct card *card, const struct command *c)
{
	for (size_t i = 0; i < ARRAY_LEN(applications); i++) {
		const struct application *a = &applications[i];

		if (c->lc == 0 || c->lc > a->aid_len || memcmp(c->data, a->aid, c->lc) != 0)
			continue;
		if (!application_exists(card->traits, a))
			continue;

		card_deselect(card);
		card->jpki_selected = a->jpki;
		if (!a->jpki)
			pins_forget(card->pins);
		return SW_OK;
	}
	return SW_NOT_FOUND;
}

static uint16_t run_select(struct card *card, const struct command *c, struct answer *answer)
{
	if (c->p2 != P2_SELECT_NO_FCI)
		return SW_WRONG_P1P2;
	if (c->p1 == P1_SELECT_AID)
		return run_select_aid(card, c);
	if (c->p1 != P1_SELECT_EF || !card->jpki_selected)
		return SW_WRONG_P1P2;
	if (c->lc != 2)
		return SW_WRONG_LENGTH;

	const struct ef *ef = ef_find((uint16_t)(c->data[0] << 8 | c->data[1]));

	if (!ef)
		return SW_NOT_FOUND;
	card->current = ef;
	return SW_OK;
}

/* byte is 80 for the current EF, or 80 + short EF identifier, which becomes the current EF. */
static uint16_t refer(struct card *card, uint8_t byte)
{
	const struct ef *ef;

	if (byte == P2_CURRENT_EF)
		return card->current ? SW_OK : SW_NO_CURRENT_EF;
	if ((byte & ~SHORT_EF_MASK) != P2_CURRENT_EF || card->traits->no_short_ef)
		return SW_WRONG_P1P2;

	ef = ef_find(byte & SHORT_EF_MASK);
	if (!ef)
		return SW_NOT_FOUND;
	card->current = ef;
	return SW_OK;
}

static bool read_is_allowed(const struct card *card, const struct ef *ef)
{
	if (ef->read == READ_ALWAYS)
		return true;
	if (ef->read == READ_WITH_PIN_ON_PHONE && !card->traits->type->phone)
		return true;
	return card->pins->of[ef->purpose].verified;
}

static uint16_t read_from(struct card *card, size_t offset, size_t le, struct answer *answer)
{
	const struct bytes *content = ef_content(card->content, card->current);
	size_t len;

	if (offset >= content->len)
		return SW_WRONG_OFFSET;
	len = content->len - offset < le ? content->len - offset : le;
	if (len > card->traits->read_max)
		len = card->traits->read_max;
	memcpy(answer->data, content->data + offset, len);
	answer->len = len;
	if (card->traits->end_6282 && len < le && offset + len == content->len)
		return SW_END_OF_FILE;
	return SW_OK;
}

static uint16_t run_read_binary(struct card *card, const struct command *c, struct answer *answer)
{
	size_t offset = c->p2;
	uint16_t sw;

	if (c->lc || !c->le)
		return SW_WRONG_LENGTH;
	if (c->p1 == P1_EF_ID_FLAG)
		return SW_WRONG_P1P2;
	if (c->p1 & P1_EF_ID_FLAG)
		sw = refer(card, c->p1);
	else
		sw = refer(card, P2_CURRENT_EF);
	if (sw != SW_OK)
		return sw;
	if (card->current->kind == EF_CLOSED)
		return SW_SECURITY_STATUS;
	if (card->current->kind != EF_DATA)
		return SW_WRONG_FILE_TYPE;
	if (!read_is_allowed(card, card->current))
		return SW_SECURITY_STATUS;

	if (!(c->p1 & P1_EF_ID_FLAG))
		offset |= (size_t)c->p1 << 8;
	return read_from(card, offset, c->le, answer);
}

static uint16_t refer_to_pin(struct card *card, uint8_t p2)
{
	uint16_t sw = refer(card, p2);

	if (sw == SW_OK && card->current->kind != EF_PIN)
		return SW_WRONG_FILE_TYPE;
	return sw;
}

static uint16_t tries_sw(const struct card *card, int answer, unsigned tries)
{
	switch (answer) {
	case PINS_OK:
		return SW_OK;
	case PINS_WRONG:
		return (uint16_t)(SW_TRIES_LEFT | tries);
	case PINS_BLOCKED:
		return (uint16_t)card->traits->blocked_sw;
	case PINS_REFUSED:
		return SW_WRONG_DATA;
	}
	return SW_MEMORY_FAILURE;
}

static uint16_t run_verify(struct card *card, const struct command *c, struct answer *answer)
{
	uint16_t sw = c->p1 ? SW_WRONG_P1P2 : refer_to_pin(card, c->p2);
	enum purpose purpose;
	struct pin *pin;
	int r;

	if (sw != SW_OK)
		return sw;
	purpose = card->current->purpose;
	pin = &card->pins->of[purpose];
	if (c->lc) {
		r = pins_verify(card->pins, purpose, c->data, c->lc);
		return tries_sw(card, r, pin->tries);
	}
	if (c->le)
		return SW_WRONG_LENGTH;
	if (pin->verified && card->traits->query_9000)
		return SW_OK;
	return tries_sw(card, pin->tries ? PINS_WRONG : PINS_BLOCKED, pin->tries);
}

static uint16_t run_change(struct card *card, const struct command *c, struct answer *answer)
{
	uint16_t sw = c->p1 != P1_NEW_PIN_ONLY ? SW_WRONG_P1P2 : refer_to_pin(card, c->p2);
	enum purpose purpose;

	if (sw != SW_OK)
		return sw;
	purpose = card->current->purpose;
	if (!card->pins->of[purpose].verified)
		return SW_SECURITY_STATUS;
	return tries_sw(card, pins_change(card->pins, purpose, c->data, c->lc), 0);
}

static uint16_t run_reset_retry_counter(struct card *card, const struct command *c,
					struct answer *answer)
{
	uint16_t sw;
	int r;

	if (!*card->pins->reset_code)
		return SW_UNKNOWN_INS;
	sw = c->p1 ? SW_WRONG_P1P2 : refer_to_pin(card, c->p2);
	if (sw != SW_OK)
		return sw;
	if (!c->lc && c->le)
		return SW_WRONG_LENGTH;
	if (!c->lc)
		return tries_sw(card, card->pins->reset_tries ? PINS_WRONG : PINS_BLOCKED,
				card->pins->reset_tries);
	r = pins_reset(card->pins, card->current->purpose, c->data, c->lc);
	return tries_sw(card, r, card->pins->reset_tries);
}

static uint16_t run_sign(struct card *card, const struct command *c, struct answer *answer)
{
	uint16_t sw = refer(card, c->p2);
	size_t len = sizeof(answer->data);
	enum purpose purpose, key_of;
	int r;

	if (sw != SW_OK)
		return sw;
	if (card->current->kind != EF_KEY)
		return SW_WRONG_FILE_TYPE;
	purpose = card->current->purpose;
	if (!card->pins->of[purpose].verified)
		return SW_SECURITY_STATUS;

	key_of = purpose;
	if (card->traits->wrong_key)
		key_of = purpose == PURPOSE_AUTH ? PURPOSE_SIGN : PURPOSE_AUTH;
	r = signature_make(card->pki->of[key_of].key, c->p1, c->data, c->lc, answer->data, &len);
	if (r == SIGNATURE_BAD_SCHEME)
		return SW_WRONG_P1P2;
	if (r == SIGNATURE_BAD_LENGTH)
		return SW_CONDITIONS_OF_USE;
	if (r < 0)
		return SW_UNKNOWN_FAULT;

	if (card->traits->corrupt_signature)
		answer->data[len / 2] ^= 1;
	answer->len = len;
	return SW_OK;
}

static uint16_t run_get_challenge(struct card *card, const struct command *c, struct answer *answer)
{
	if (c->p1 || c->p2)
		return SW_WRONG_P1P2;
	if (c->lc || !c->le)
		return SW_WRONG_LENGTH;
	if (RAND_bytes(answer->data, (int)c->le) != 1)
		return SW_UNKNOWN_FAULT;
	answer->len = c->le;
	return SW_OK;
}

static uint16_t run_last_command(struct card *card, const struct command *c, struct answer *answer)
{
	return card->traits->type->last_command ? SW_OK : SW_WRONG_LENGTH;
}

static const struct instruction {
	uint8_t cla, ins;
	bool jpki;	/* known in the JPKI application only */
	uint16_t (*run)(struct card *card, const struct command *c, struct answer *answer);
} instructions[] = {
	{CLA_ISO, INS_SELECT, false, run_select},
	{CLA_ISO, INS_READ_BINARY, true, run_read_binary},
	{CLA_ISO, INS_VERIFY, true, run_verify},
	{CLA_ISO, INS_CHANGE_REFERENCE_DATA, true, run_change},
	{CLA_ISO, INS_RESET_RETRY_COUNTER, true, run_reset_retry_counter},
	{CLA_ISO, INS_GET_CHALLENGE, true, run_get_challenge},
	{CLA_PROPRIETARY, INS_PERFORM_SECURITY_OPERATION, true, run_sign},
	{CLA_PROPRIETARY, INS_LAST_COMMAND, true, run_last_command},
};

static const struct instruction *instruction_find(const struct command *c, uint16_t *ret_sw)
{
	*ret_sw = SW_UNKNOWN_INS;
	for (size_t i = 0; i < ARRAY_LEN(instructions); i++) {
		if (instructions[i].ins != c->ins)
			continue;
		if (instructions[i].cla == c->cla)
			return &instructions[i];
		*ret_sw = SW_UNKNOWN_CLA;
	}
	return NULL;
}

static uint16_t class_check(const struct command *c)
{
	if (c->cla & ~(CLA_PROPRIETARY | CLA_SECURE_MASK | CLA_CHANNEL_MASK))
		return SW_UNKNOWN_CLA;
	if (c->cla & CLA_CHANNEL_MASK)
		return SW_NO_LOGICAL_CHANNEL;
	if (c->cla & CLA_SECURE_MASK)
		return c->ins == INS_SELECT ? SW_NO_SECURE_MESSAGING : SW_SECURE_CLASS;
	return SW_OK;
}

static uint16_t run_instruction(struct card *card, const struct command *c, struct answer *answer)
{
	const struct instruction *instruction;
	uint16_t sw = class_check(c);

	if (sw != SW_OK)
		return sw;
	if (c->wrong_length)
		return SW_WRONG_LENGTH;
	instruction = instruction_find(c, &sw);
	if (!instruction)
		return sw;
	if (instruction->jpki && !card->jpki_selected)
		return SW_UNKNOWN_INS;
	return instruction->run(card, c, answer);
}

static void held_give(struct card *card, const struct command *c, struct answer *answer)
{
	struct answer *held = &card->held;

	if (c->wrong_length || c->lc || !c->le) {
		answer->sw = SW_WRONG_LENGTH;
	} else if (!held->len) {
		answer->sw = SW_CONDITIONS_OF_USE;
	} else if (card->traits->le_6cxx && c->le > held->len) {
		answer->sw = (uint16_t)(SW_WRONG_LE | (held->len & 0xff));
	} else {
		answer->len = c->le < held->len ? c->le : held->len;
		memcpy(answer->data, held->data, answer->len);
		held->len -= answer->len;
		memmove(held->data, held->data + answer->len, held->len);
		answer->sw = held->len ? (uint16_t)(SW_BYTES_REMAIN | held->len) : held->sw;
	}
}

/* What becomes of data that the command's Le does not fit, or that goes by GET RESPONSE. */
static void answer_fit(struct card *card, const struct command *c, struct answer *answer)
{
	if (card->traits->le_6cxx && c->le && c->le != answer->len) {
		answer->sw = (uint16_t)(SW_WRONG_LE | (answer->len & 0xff));
	} else if (card->traits->get_response) {
		card->held = *answer;
		answer->sw = (uint16_t)(SW_BYTES_REMAIN | (answer->len & 0xff));
	} else if (answer->len > c->le) {
		answer->sw = SW_WRONG_LENGTH;
	} else {
		return;
	}
	answer->len = 0;
}

void card_run(struct card *card, const struct command *c, struct answer *answer)
{
	*answer = (struct answer){0};
	if (!card->powered)
		return;
	if (card->first_command && card->traits->first_6f00) {
		card->first_command = false;
		answer->sw = SW_UNKNOWN_FAULT;
		return;
	}
	card->first_command = false;
	if (card->traits->get_response && c->cla == CLA_ISO && c->ins == INS_GET_RESPONSE) {
		held_give(card, c, answer);
		return;
	}
	card->held.len = 0;
	answer->sw = run_instruction(card, c, answer);
	if (answer->len)
		answer_fit(card, c, answer);
}
