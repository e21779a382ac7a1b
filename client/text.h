/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people are shown: their names for things, and text of others made fit for a terminal. */
#pragma once

#include <stdint.h>

enum {
	LABEL_COUNT = 2,
	TEXT_TRIES_SIZE = 40,
};

/* An applet's. */
struct label {
	const char *kind;       /* "auth" */
	const char *name;       /* "利用者証明用" */
	const char *pin_format; /* "数字4桁" */
	const char *store;      /* that has terminals where its PIN can be reset */
	const char *other;      /* the kind of the applet whose PIN is needed for that */
};

/* Auth, then sign. */
extern const struct label labels[LABEL_COUNT];

/* NULL: neither of the two. */
const struct label *label_find(const char *kind);

/* What is said for a value of a short list. */
struct word {
	const char *value, *word;
};

/* @words end with { 0 }; a value that is not there is its own word. */
const char *text_word(const struct word *words, const char *value);

/* "3 of 3 tries left", "PIN locked", or "tries not known" (@left is negative). Returns @text. */
const char *text_tries(int32_t left, uint8_t max, char text[TEXT_TRIES_SIZE]);

/*
 * Puts '?' in the place of control characters: Unicode's Cc, line and paragraph separators, and
 * what is invisible or changes the direction of writing. The length stays. @text is UTF-8.
 */
void text_clean(char *text);
