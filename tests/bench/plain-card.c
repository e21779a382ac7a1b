/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/plain-card.h"

#include <err.h>
#include <stdlib.h>

enum {
	RESPONSE_MAX = 256 + 2,
};

void plain_card_init(struct plain_card *card)
{
	LONG result = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &card->context);

	if (result != SCARD_S_SUCCESS)
		errx(EXIT_FAILURE, "SCardEstablishContext: %s", pcsc_stringify_error(result));
}

LONG plain_card_connect(struct plain_card *card, const char *reader, DWORD share_mode)
{
	DWORD protocol;

	return SCardConnect(card->context, reader, share_mode, SCARD_PROTOCOL_T1, &card->handle,
			    &protocol);
}

LONG plain_card_send(const struct plain_card *card, const uint8_t *command, size_t length)
{
	uint8_t response[RESPONSE_MAX];
	DWORD got = sizeof(response);
	LONG result;

	result = SCardTransmit(card->handle, SCARD_PCI_T1, command, length, NULL, response, &got);
	if (result != SCARD_S_SUCCESS)
		return result;
	return got < 2 ? SCARD_F_COMM_ERROR : response[got - 2] << 8 | response[got - 1];
}
