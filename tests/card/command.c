/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/command.h"

#include <string.h>

static size_t le_value(uint8_t byte)
{
	return byte ? byte : ANSWER_DATA_MAX;
}

struct command command_parse(const uint8_t *bytes, size_t len)
{
	uint8_t header[COMMAND_HEADER_LEN] = {0};
	struct command c = {0};

	memcpy(header, bytes, len < sizeof(header) ? len : sizeof(header));
	c.cla = header[0];
	c.ins = header[1];
	c.p1 = header[2];
	c.p2 = header[3];
	if (len == COMMAND_HEADER_LEN)
		return c;
	if (len == COMMAND_HEADER_LEN + 1) {
		c.le = le_value(bytes[COMMAND_HEADER_LEN]);
		return c;
	}
	c.wrong_length = true;
	if (len < COMMAND_HEADER_LEN || bytes[COMMAND_HEADER_LEN] == 0)
		return c;

	size_t lc = bytes[COMMAND_HEADER_LEN];
	size_t rest = len - COMMAND_HEADER_LEN - 1;

	if (rest != lc && rest != lc + 1)
		return c;
	c.wrong_length = false;
	c.data = bytes + COMMAND_HEADER_LEN + 1;
	c.lc = lc;
	if (rest == lc + 1)
		c.le = le_value(c.data[lc]);
	return c;
}
