/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trailing a{sv} of every method of an applet. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dbus/message.h"

/* For struct method::options. */
enum {
	OPTION_TIMEOUT = 1 << 0,
	OPTION_PIN = 1 << 1,
	OPTION_EXPECTED_TRIES = 1 << 2,
	OPTION_ALLOW_LAST_TRY = 1 << 3,
	OPTION_REASON = 1 << 4,

	OPTIONS_WITH_PIN = OPTION_TIMEOUT | OPTION_PIN | OPTION_EXPECTED_TRIES |
			   OPTION_ALLOW_LAST_TRY | OPTION_REASON,
};

struct options {
	int pin; /* descriptor, or -1; owned */
	bool has_expected_tries;
	uint32_t expected_tries;
	bool allow_last_try;
	uint32_t timeout; /* milliseconds */
};
#define OPTIONS_INIT ((struct options){ .pin = -1, .timeout = 30000 })

/*
 * Reads the options at @iter (an a{sv}), of which the method takes the @allowed ones.
 * ANSWER_INVALID_INPUT: a key that is not one of them, or comes twice, or whose value has another
 * type or is out of range; *ret_key then is that key, borrowed from the message. Freed with
 * options_clear() on success.
 */
int options_read(DBusMessageIter *iter, unsigned int allowed, struct options *ret_options,
		 const char **ret_key);
void options_clear(struct options *options);
