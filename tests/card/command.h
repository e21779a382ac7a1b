/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command and response APDUs in the short forms of ISO 7816-4 clause 5. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	COMMAND_HEADER_LEN = 4,
	ANSWER_DATA_MAX = 256,
};

enum ins {
	INS_VERIFY = 0x20,
	INS_CHANGE_REFERENCE_DATA = 0x24,
	INS_PERFORM_SECURITY_OPERATION = 0x2a,
	INS_RESET_RETRY_COUNTER = 0x2c,
	INS_GET_CHALLENGE = 0x84,
	INS_SELECT = 0xa4,
	INS_READ_BINARY = 0xb0,
	INS_GET_RESPONSE = 0xc0,
	INS_LAST_COMMAND = 0xfc,	/* iPhone only, proprietary */
};

enum sw {
	SW_OK = 0x9000,
	SW_BYTES_REMAIN = 0x6100,	/* low byte: how many, 00 = 256 */
	SW_END_OF_FILE = 0x6282,
	SW_TRIES_LEFT = 0x63c0,		/* low nibble: how many */
	SW_MEMORY_FAILURE = 0x6581,
	SW_WRONG_LENGTH = 0x6700,
	SW_NO_LOGICAL_CHANNEL = 0x6881,
	SW_NO_SECURE_MESSAGING = 0x6882,
	SW_WRONG_FILE_TYPE = 0x6981,
	SW_SECURITY_STATUS = 0x6982,
	SW_BLOCKED = 0x6984,		/* JICSAP: referenced IEF locked */
	SW_CONDITIONS_OF_USE = 0x6985,
	SW_NO_CURRENT_EF = 0x6986,
	SW_SECURE_CLASS = 0x69fc,	/* measured on cards; in no standard */
	SW_WRONG_DATA = 0x6a80,
	SW_NOT_FOUND = 0x6a82,
	SW_WRONG_P1P2 = 0x6a86,
	SW_WRONG_OFFSET = 0x6b00,
	SW_WRONG_LE = 0x6c00,		/* low byte: the right one, 00 = 256 */
	SW_UNKNOWN_INS = 0x6d00,
	SW_UNKNOWN_CLA = 0x6e00,
	SW_UNKNOWN_FAULT = 0x6f00,
};

struct command {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;	/* borrowed from the bytes that were parsed */
	size_t lc;		/* 0..255; 0 = no data */
	size_t le;		/* 1..256; 0 = no Le */
	bool wrong_length;	/* only the header can be believed */
};

struct answer {
	uint8_t data[ANSWER_DATA_MAX];
	size_t len;
	uint16_t sw;
};

/*
 * Parses cases 1 to 4; what is cut off, too long or extended gets wrong_length. Missing header
 * bytes are 00.
 */
struct command command_parse(const uint8_t *bytes, size_t len);
