/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Response APDUs, ISO 7816-3, 12.1: a data field and a status word. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apdu/channel.h"

enum {
	RESPONSE_SW_LENGTH = 2,
	RESPONSE_DATA_MAX = RESPONSE_LENGTH_MAX - RESPONSE_SW_LENGTH,
};

struct response {
	uint8_t data[RESPONSE_DATA_MAX];
	size_t length;
	uint16_t sw;
};

/*
 * Splits what a reader has received. 0, or ANSWER_READER_ERROR for lengths that no response APDU
 * has: @bytes is then not looked at.
 */
int response_parse(const uint8_t *bytes, size_t length, struct response *ret_response);

/*
 * Adds the data of @more and takes over its status word; false, and nothing done, where there is no
 * room.
 */
bool response_append(struct response *response, const struct response *more);

void response_wipe(struct response *response);
