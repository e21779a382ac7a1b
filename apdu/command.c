/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/command.h"

#include <errno.h>
#include <string.h>

int command_encode(const struct command *command, uint8_t *ret_bytes, size_t *ret_length)
{
	size_t length = 0;

	if (command->length > COMMAND_DATA_MAX || command->le > COMMAND_LE_MAX)
		return -EINVAL;

	ret_bytes[length++] = command->cla;
	ret_bytes[length++] = command->ins;
	ret_bytes[length++] = command->p1;
	ret_bytes[length++] = command->p2;
	if (command->length > 0) {
		ret_bytes[length++] = (uint8_t)command->length;
		memcpy(ret_bytes + length, command->data, command->length);
		length += command->length;
	}
	if (command->le > 0)
		ret_bytes[length++] = (uint8_t)(command->le % COMMAND_LE_MAX);
	*ret_length = length;
	return 0;
}
