/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trailing a{sv} of the methods. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dbus/call.h"

/* For struct method::options. */
enum {
	OPTION_TIMEOUT = 1 << 0,
	OPTION_PIN = 1 << 1,
	OPTION_EXPECTED_TRIES = 1 << 2,
	OPTION_ALLOW_LAST_TRY = 1 << 3,
	OPTION_REASON = 1 << 4,
	OPTION_NEW_PIN = 1 << 5,
	OPTION_RESET_CODE = 1 << 6,
	OPTION_PIN_PAD = 1 << 7,
	OPTION_OWN_CALLS = 1 << 8, /* of RegisterAgent */

	OPTIONS_WITH_PIN = OPTION_TIMEOUT | OPTION_PIN | OPTION_EXPECTED_TRIES |
			   OPTION_ALLOW_LAST_TRY | OPTION_REASON | OPTION_PIN_PAD,
	OPTIONS_OF_CHANGE = OPTIONS_WITH_PIN | OPTION_NEW_PIN,
	OPTIONS_OF_RESET = OPTION_TIMEOUT | OPTION_EXPECTED_TRIES | OPTION_ALLOW_LAST_TRY |
			   OPTION_RESET_CODE | OPTION_NEW_PIN,
};

struct options {
	int pin, new_pin, reset_code; /* descriptors, or -1; owned */
	bool has_expected_tries;
	uint32_t expected_tries;
	bool allow_last_try;
	bool pin_pad;       /* the caller knows that the PIN can be typed there */
	uint32_t timeout;   /* milliseconds */
	const char *reason; /* borrowed from the message; NULL: none */
	bool own_calls;
};
#define OPTIONS_INIT                                                                               \
	((struct options){ .pin = -1, .new_pin = -1, .reset_code = -1, .timeout = 30000 })

/*
 * Reads the options at @iter (an a{sv}), of which the method takes the @allowed ones.
 * ANSWER_INVALID_INPUT: a key that is not one of them, or comes twice, or whose value has another
 * type or is out of range; *ret_key then is that key, borrowed from the message. Freed with
 * options_clear() on success.
 */
int options_read(DBusMessageIter *iter, unsigned int allowed, struct options *ret_options,
		 const char **ret_key);
/*
 * The same for those that the method of @call takes. False: the call has ended, with a sentence
 * that names the key.
 */
bool options_read_for(struct call *call, DBusMessageIter *iter, struct options *ret_options);
void options_clear(struct options *options);
