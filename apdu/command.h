/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command APDUs in the short form of ISO 7816-3, 12.1: extended length is nowhere needed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "apdu/channel.h"

/* CLA and INS, ISO 7816-4, 5.4. */
enum {
	CLA_INTERINDUSTRY = 0x00,
	CLA_PROPRIETARY = 0x80,

	INS_VERIFY = 0x20,
	INS_CHANGE_REFERENCE_DATA = 0x24,
	INS_PERFORM_SECURITY_OPERATION = 0x2A,
	INS_RESET_RETRY_COUNTER = 0x2C,
	INS_SELECT = 0xA4,
	INS_READ_BINARY = 0xB0,
	INS_GET_RESPONSE = 0xC0,
};

enum {
	COMMAND_DATA_MAX = 255,
	COMMAND_LE_MAX = 256,
};

struct command {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data; /* borrowed */
	size_t length; /* Nc: 0 to COMMAND_DATA_MAX, 0 is no Lc field */
	size_t le; /* Ne: 0 to COMMAND_LE_MAX, 0 is no Le field */
};

/*
 * Encodes into @ret_bytes, which has room for COMMAND_LENGTH_MAX. 0, or -EINVAL for lengths out of
 * range.
 */
int command_encode(const struct command *command, uint8_t *ret_bytes, size_t *ret_length);
