/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A card that plays a script and fails the test on any command but the next one. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apdu/channel.h"
#include "base/secret.h"

/* A step says what it is about and leaves the rest out. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* Hexadecimal with spaces wherever they please. */
struct script_step {
	const char *command;
	const char *answer; /* NULL: transmit() says @result, and nothing comes back */
	int result;
	const uint8_t *body; /* goes before @answer, for what is too long to spell */
	size_t body_length;
	const char *pad; /* "4-4" or "4-4 twice": that is asked for at the pad, behind @command */
};

struct script {
	const struct script_step *steps;
	size_t count;
	size_t sent;
};

#define SCRIPT(...)                                                                                \
	((struct script){                                                                          \
		.steps = (const struct script_step[]){ __VA_ARGS__ },                              \
		.count = sizeof((const struct script_step[]){ __VA_ARGS__ }) /                     \
			 sizeof(struct script_step),                                               \
	})

struct channel script_channel(struct script *script);
struct channel script_channel_with_pad(struct script *script);

/* Fails unless every command of the script was sent. */
void script_assert_done(const struct script *script);

/* Bytes written to @ret_bytes, which has room for @room. */
size_t script_bytes(const char *hex, uint8_t *ret_bytes, size_t room);

void script_assert_hex(const uint8_t *bytes, size_t length, const char *hex);

struct secret *script_secret(const char *text);
