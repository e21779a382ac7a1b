/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t script_bytes(const char *hex, uint8_t *ret_bytes, size_t room)
{
	size_t length = 0;

	while (*(hex += strspn(hex, " "))) {
		const char digits[3] = { hex[0], hex[1] };
		char *end;

		assert_true(length < room);
		ret_bytes[length++] = (uint8_t)strtoul(digits, &end, 16);
		assert_ptr_equal(end, digits + 2);
		hex += 2;
	}
	return length;
}

void script_assert_hex(const uint8_t *bytes, size_t length, const char *hex)
{
	uint8_t expected[512];

	assert_int_equal(length, script_bytes(hex, expected, sizeof(expected)));
	assert_memory_equal(bytes, expected, length);
}

static const struct script_step *next_step(struct script *script, const uint8_t *command,
					   size_t command_length)
{
	const struct script_step *step = &script->steps[script->sent];
	uint8_t expected[COMMAND_LENGTH_MAX];

	if (script->sent == script->count)
		fail_msg("a command after the script's end: INS %02X", command[1]);
	if (command_length != script_bytes(step->command, expected, sizeof(expected)) ||
	    memcmp(command, expected, command_length) != 0)
		fail_msg("command %zu: %02X %02X %02X %02X, %zu bytes, where %s was due",
			 script->sent, command[0], command[1], command[2], command[3],
			 command_length, step->command);
	script->sent++;
	return step;
}

static int answer(const struct script_step *step, uint8_t *response, size_t *response_length)
{
	if (!step->answer)
		return step->result;

	assert_true(*response_length >= RESPONSE_LENGTH_MAX);
	if (step->body_length > 0)
		memcpy(response, step->body, step->body_length);
	*response_length = step->body_length +
			   script_bytes(step->answer, response + step->body_length,
					*response_length - step->body_length);
	return 0;
}

static int transmit(void *reader, const uint8_t *command, size_t command_length, uint8_t *response,
		    size_t *response_length)
{
	const struct script_step *step = next_step(reader, command, command_length);

	assert_null(step->pad);
	return answer(step, response, response_length);
}

static int transmit_from_pad(void *reader, const uint8_t header[4], const struct pin_entry *entry,
			     uint8_t *response, size_t *response_length)
{
	const struct script_step *step = next_step(reader, header, 4);
	char asked[64];

	assert_non_null(step->pad);
	snprintf(asked, sizeof(asked), "%zu-%zu%s", entry->length_min, entry->length_max,
		 entry->is_new ? " twice" : "");
	assert_string_equal(asked, step->pad);
	return answer(step, response, response_length);
}

struct channel script_channel(struct script *script)
{
	return (struct channel){ .transmit = transmit, .reader = script, .name = "Script" };
}

struct channel script_channel_with_pad(struct script *script)
{
	struct channel channel = script_channel(script);

	channel.transmit_from_pad = transmit_from_pad;
	return channel;
}

void script_assert_done(const struct script *script)
{
	if (script->sent < script->count)
		fail_msg("%s was not sent", script->steps[script->sent].command);
}

struct secret *script_secret(const char *text)
{
	struct secret *secret = secret_new(strlen(text));

	assert_non_null(secret);
	secret->length = strlen(text);
	memcpy(secret->bytes, text, secret->length);
	return secret;
}
