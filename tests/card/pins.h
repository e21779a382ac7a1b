/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The card's PINs, their retry counters and the reset code. What a real card keeps without power is
 * kept in a state file:
 *	auth TRIES PIN
 *	sign TRIES PIN
 *	reset TRIES
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/card/purpose.h"

enum {
	PIN_LEN_MAX = 16,
	RESET_CODE_LEN_MAX = 16,
};

enum pins_answer {
	PINS_OK,
	PINS_WRONG,	/* one try fewer; the tries that are left are in the counter */
	PINS_BLOCKED,	/* no try was left before: nothing was compared */
	PINS_REFUSED,	/* the new PIN has not the format that the card wants */
};

struct pin {
	char value[PIN_LEN_MAX + 1];
	unsigned tries;
	bool verified;
};

struct pins {
	struct pin of[PURPOSE_COUNT];
	unsigned reset_tries;
	char reset_code[RESET_CODE_LEN_MAX + 1];	/* "" = a card without one */
	const char *path;				/* borrowed; NULL = nothing is kept */
};

/* Where pins_open() finds what it needs; every path may be NULL. */
struct pins_files {
	const char *state;
	const char *auth_pin;	/* of a new state only */
	const char *sign_pin;	/* of a new state only */
	const char *reset_code;
};

/*
 * Loads the state, or makes it when there is none. 0, -EBADMSG for a state or PIN of wrong form, or
 * negative errno.
 */
int pins_open(struct pins *pins, const struct pins_files *files);

/*
 * Compares as VERIFY does: the try is spent and kept before the comparison. An answer, or negative
 * errno when it cannot be kept.
 */
int pins_verify(struct pins *pins, enum purpose purpose, const uint8_t *data, size_t len);

/* Sets a new PIN and fills its counter. PINS_OK, PINS_REFUSED or negative errno. */
int pins_change(struct pins *pins, enum purpose purpose, const uint8_t *data, size_t len);

/*
 * data is the reset code and, right after it, the new PIN. An answer (of the code's counter), or
 * negative errno.
 */
int pins_reset(struct pins *pins, enum purpose purpose, const uint8_t *data, size_t len);

/* Ends the verified state of both PINs. */
void pins_forget(struct pins *pins);
