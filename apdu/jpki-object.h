/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The card's objects as a table, for apdu/jpki*.c only. */
#pragma once

#include "apdu/jpki.h"

enum {
	EF_TOKEN_INFO = 0x0006, /* a CK_TOKEN_INFO of PKCS #11 that begins with the label */
	EF_AVAILABILITY = 0x0008, /* a byte for each certificate, 00 is none */

	TOKEN_LABEL_LENGTH = 32,
	AVAILABILITY_LENGTH = JPKI_APPLET_COUNT,
};

struct jpki_object {
	const char *name;
	unsigned int tries_max;
	size_t availability_offset; /* in EF_AVAILABILITY */
	uint16_t ef_certificate[JPKI_ISSUER_CERTIFICATE + 1];
	uint16_t ef_key;
	uint16_t ef_pin;
};

extern const struct jpki_object jpki_objects[JPKI_APPLET_COUNT];

/*
 * Sets what the label tells that EF_TOKEN_INFO begins with, padded with spaces or NULs to
 * TOKEN_LABEL_LENGTH: type and has_reset_code.
 */
void jpki_object_identify(const uint8_t *token_info, size_t length, struct jpki_token *token);
