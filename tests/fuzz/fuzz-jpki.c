/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hostile card. The first byte chooses the applet, the certificate, the padding, the order of
 * operations, whether PINs are typed at the pad, and what is set; after it come the card's answers,
 * one for each command: two bytes of length and as many bytes. A length over what is left, or the
 * end, is a card that was taken away; one over RESPONSE_LENGTH_MAX is a reader that claims more
 * than it was given room for.
 */
#include <string.h>

#include "apdu/command.h"
#include "apdu/jpki.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tests/fuzz/fuzz.h"

enum {
	CHOICE_SIGN = 0x01,
	CHOICE_ISSUER = 0x02,
	CHOICE_PSS = 0x04,
	CHOICE_READ_LAST = 0x08,
	CHOICE_PAD = 0x10,
	CHOICE_CHANGE = 0x20,
	CHOICE_RESET = 0x40,
	COMMAND_COUNT_MAX = 2000,
	UNTOUCHED = 77,
};

struct card {
	const uint8_t *bytes;
	size_t length;
	unsigned int commands;
	unsigned int spent; /* commands that may spend a try or set a PIN */
};

static const uint8_t pin_bytes[] = { '1', '2', '3', '4' };

static void look_at(struct card *card, const uint8_t *command, size_t length)
{
	HOLDS(++card->commands < COMMAND_COUNT_MAX);
	HOLDS(length >= 4 && length <= COMMAND_LENGTH_MAX);
	if (length == 4)
		return;
	switch (command[1]) {
	case INS_VERIFY:
	case INS_CHANGE_REFERENCE_DATA:
		HOLDS(length == 5 + sizeof(pin_bytes));
		break;
	case INS_RESET_RETRY_COUNTER:
		HOLDS(length == 5 + 2 * sizeof(pin_bytes));
		break;
	default:
		return;
	}
	card->spent++;
	HOLDS(memcmp(command + 5, pin_bytes, sizeof(pin_bytes)) == 0);
	HOLDS(memcmp(command + length - sizeof(pin_bytes), pin_bytes, sizeof(pin_bytes)) == 0);
}

static int next_answer(struct card *card, uint8_t *response, size_t *response_length)
{
	size_t length;

	HOLDS(*response_length >= RESPONSE_LENGTH_MAX);
	if (card->length < 2)
		return ANSWER_CARD_REMOVED;
	length = (size_t)(card->bytes[0] << 8 | card->bytes[1]);
	if (length <= RESPONSE_LENGTH_MAX) {
		if (length > card->length - 2)
			return ANSWER_CARD_REMOVED;
		memcpy(response, card->bytes + 2, length);
		card->bytes += length;
		card->length -= length;
	}
	card->bytes += 2;
	card->length -= 2;
	*response_length = length;
	return 0;
}

static int transmit(void *reader, const uint8_t *command, size_t command_length, uint8_t *response,
		    size_t *response_length)
{
	look_at(reader, command, command_length);
	return next_answer(reader, response, response_length);
}

static int transmit_from_pad(void *reader, const uint8_t header[4], const struct pin_entry *entry,
			     uint8_t *response, size_t *response_length)
{
	struct card *card = reader;

	HOLDS(header[1] == (entry->is_new ? INS_CHANGE_REFERENCE_DATA : INS_VERIFY));
	card->spent++;
	return next_answer(card, response, response_length);
}

static void check_token(struct jpki *jpki)
{
	struct jpki_token token, untouched;

	memset(&token, UNTOUCHED, sizeof(token));
	memset(&untouched, UNTOUCHED, sizeof(untouched));
	if (jpki_read_token(jpki, &token) == 0)
		HOLDS(jpki_type_name(token.type));
	else
		HOLDS(memcmp(&token, &untouched, sizeof(token)) == 0);
}

static struct secret *pin_new(void)
{
	struct secret *pin = secret_new(sizeof(pin_bytes));

	HOLDS(pin);
	memcpy(pin->bytes, pin_bytes, pin->length = sizeof(pin_bytes));
	return pin;
}

static unsigned int spent(const struct jpki *jpki)
{
	return ((const struct card *)jpki->channel.reader)->spent;
}

static void check_comparison(int answer, int tries)
{
	switch (answer) {
	case ANSWER_PIN_INCORRECT:
		HOLDS(tries == JPKI_TRIES_UNKNOWN || (tries >= 1 && tries <= 15));
		break;
	case ANSWER_PIN_LOCKED:
		HOLDS(tries == 0);
		break;
	default:
		HOLDS(tries == UNTOUCHED);
	}
}

static void check_pin(struct jpki *jpki, enum jpki_applet applet, bool at_pad)
{
	CLEANUP(secret_freep) struct secret *pin = at_pad ? NULL : pin_new();
	const unsigned int before = spent(jpki);
	int tries = UNTOUCHED, r;

	r = jpki_tries(jpki, applet, &tries);
	HOLDS(r == 0 ? tries >= JPKI_TRIES_UNKNOWN && tries <= 15 : tries == UNTOUCHED);
	HOLDS(spent(jpki) == before);

	tries = UNTOUCHED;
	r = jpki_verify(jpki, applet, pin, &tries);
	HOLDS(spent(jpki) <= before + 1);
	check_comparison(r, tries);
}

static void check_change(struct jpki *jpki, enum jpki_applet applet, bool at_pad)
{
	CLEANUP(secret_freep) struct secret *pin = at_pad ? NULL : pin_new();
	const unsigned int before = spent(jpki);
	const int r = jpki_change(jpki, applet, pin);

	HOLDS(spent(jpki) <= before + 1);
	HOLDS(r != 0 || spent(jpki) == before + 1);
}

static void check_reset(struct jpki *jpki, enum jpki_applet applet)
{
	CLEANUP(secret_freep) struct secret *code = pin_new(), *pin = pin_new();
	const unsigned int before = spent(jpki);
	int tries = UNTOUCHED, r;

	r = jpki_reset_tries(jpki, applet, &tries);
	HOLDS(r == 0 ? tries >= JPKI_TRIES_UNKNOWN && tries <= 15 : tries == UNTOUCHED);
	HOLDS(spent(jpki) == before);

	tries = UNTOUCHED;
	r = jpki_reset(jpki, applet, code, pin, &tries);
	HOLDS(spent(jpki) <= before + 1);
	check_comparison(r, tries);
}

static void check_certificate(struct jpki *jpki, enum jpki_applet applet,
			      enum jpki_certificate which)
{
	static uint8_t untouched;
	uint8_t *der = &untouched;
	size_t length = UNTOUCHED;
	const int r = jpki_read_certificate(jpki, applet, which, &der, &length);

	if (r != 0) {
		HOLDS(der == &untouched && length == UNTOUCHED);
		return;
	}
	HOLDS(length >= 2 && length <= JPKI_CERTIFICATE_LENGTH_MAX);
	HOLDS(der[0] == 0x30);
	if (der[1] == 0x82)
		HOLDS(length == 4 + (size_t)(der[2] << 8 | der[3]));
	free(der);
}

static void check_sign(struct jpki *jpki, enum jpki_applet applet, enum jpki_padding padding)
{
	const uint8_t digest[32] = { 0 };
	uint8_t signature[JPKI_SIGNATURE_LENGTH_MAX + 1];
	size_t length = 0;
	int r;

	signature[JPKI_SIGNATURE_LENGTH_MAX] = UNTOUCHED;
	r = jpki_sign(jpki, applet, padding, digest, sizeof(digest), signature, &length);
	HOLDS(signature[JPKI_SIGNATURE_LENGTH_MAX] == UNTOUCHED);
	HOLDS((r == 0) == (length != 0));
	HOLDS(length <= JPKI_SIGNATURE_LENGTH_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint8_t choice = length > 0 ? bytes[0] : 0;
	const enum jpki_applet applet = choice & CHOICE_SIGN ? JPKI_SIGN : JPKI_AUTH;
	const enum jpki_certificate which = choice & CHOICE_ISSUER ? JPKI_ISSUER_CERTIFICATE :
								     JPKI_HOLDER_CERTIFICATE;
	const enum jpki_padding padding = choice & CHOICE_PSS ? JPKI_PADDING_PSS_SHA256 :
								JPKI_PADDING_PKCS1;
	const bool at_pad = choice & CHOICE_PAD;
	struct card card = { .bytes = bytes + (length > 0), .length = length - (length > 0) };
	struct jpki jpki = JPKI_INIT(((struct channel){
		.transmit = transmit,
		.transmit_from_pad = transmit_from_pad,
		.reader = &card,
		.name = "Fuzz",
	}));

	jpki_select(&jpki);
	check_token(&jpki);
	if (!(choice & CHOICE_READ_LAST))
		check_certificate(&jpki, applet, which);
	check_pin(&jpki, applet, at_pad);
	if (choice & CHOICE_CHANGE)
		check_change(&jpki, applet, at_pad);
	if (choice & CHOICE_RESET)
		check_reset(&jpki, applet);
	check_sign(&jpki, applet, padding);
	if (choice & CHOICE_READ_LAST)
		check_certificate(&jpki, applet, which);
	jpki_clear(&jpki);
	return 0;
}
