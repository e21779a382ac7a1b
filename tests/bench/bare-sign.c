/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bare-sign READER COUNT <PIN: signs COUNT times with the auth key and nothing but PC/SC, in the
 * exclusive hold and with the APDUs that jpkid uses.
 */
#include <string.h>

#include "tests/bench/plain-card.h"
#include "tests/bench/signing.h"

enum {
	HEADER_LENGTH = 4,
	COMMAND_MAX = HEADER_LENGTH + 1 + 255 + 1,
	SHORT_AUTH_PIN = 0x98,
	SHORT_AUTH_KEY = 0x97,
};

struct command {
	uint8_t bytes[COMMAND_MAX];
	size_t length;
};

static struct command command_with(const uint8_t header[HEADER_LENGTH], const uint8_t *data,
				   size_t length)
{
	struct command command = { .length = HEADER_LENGTH + 1 + length };

	memcpy(command.bytes, header, HEADER_LENGTH);
	command.bytes[HEADER_LENGTH] = (uint8_t)length;
	memcpy(command.bytes + HEADER_LENGTH + 1, data, length);
	return command;
}

static struct command sign_command(void)
{
	static const uint8_t header[] = { 0x80, 0x2A, 0x00, SHORT_AUTH_KEY };
	static const uint8_t sha256[] = { 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48,
					  0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
					  0x20 };
	uint8_t data[sizeof(sha256) + SIGNING_HASH_LENGTH] = { 0 };
	struct command command;

	memcpy(data, sha256, sizeof(sha256));
	command = command_with(header, data, sizeof(data));
	command.length++; /* Le 00: 256 bytes */
	return command;
}

static void must_be_success(const char *what, LONG sw)
{
	if (sw != PLAIN_SW_SUCCESS)
		errx(EXIT_FAILURE, "%s: %lX", what, (unsigned long)sw);
}

static void sign(const struct plain_card *card, const struct command *verify,
		 const struct command *pso)
{
	must_be_success("SELECT JPKI",
			PLAIN_CARD_SEND(card, 0x00, 0xA4, 0x04, 0x0C, 0x0A, 0xD3, 0x92, 0xF0, 0x00,
					0x26, 0x01, 0x00, 0x00, 0x00, 0x01));
	PLAIN_CARD_SEND(card, 0x00, 0x20, 0x00, SHORT_AUTH_PIN);
	must_be_success("VERIFY", plain_card_send(card, verify->bytes, verify->length));
	must_be_success("SIGN", plain_card_send(card, pso->bytes, pso->length));
	must_be_success("SELECT ISD",
			PLAIN_CARD_SEND(card, 0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0, 0x00, 0x00, 0x01,
					0x51, 0x00, 0x00));
}

int main(int argc, char **argv)
{
	static const uint8_t verify_header[] = { 0x00, 0x20, 0x00, SHORT_AUTH_PIN };
	uint8_t pin[SIGNING_PIN_MAX];
	struct command verify, pso = sign_command();
	struct plain_card card;
	LONG result;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: bare-sign READER COUNT <PIN");
	verify = command_with(verify_header, pin, signing_read_pin(pin));
	plain_card_init(&card);
	result = plain_card_connect(&card, argv[1], SCARD_SHARE_EXCLUSIVE);
	if (result != SCARD_S_SUCCESS)
		errx(EXIT_FAILURE, "SCardConnect: %s", pcsc_stringify_error(result));

	for (int i = 0; i < atoi(argv[2]); i++) {
		sign(&card, &verify, &pso);
		signing_print_time();
	}
	return EXIT_SUCCESS;
}
