/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people are shown: words and columns. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	TEXT_TRIES_SIZE = 64,
};

/* What is said for a value of a short list. */
struct word {
	const char *value, *word; /* @word goes through _() */
};

/* @words end with { 0 }; a value that is not there is its own word. */
const char *text_word(const struct word *words, const char *value);

/* "3 of 3 tries left", "locked", or "tries not known" (@left is negative). Returns @text. */
const char *text_tries(int32_t left, uint8_t max, char text[TEXT_TRIES_SIZE]);

/* The columns that @text (UTF-8) takes on a terminal, where kanji and kana take two. */
size_t text_width(const char *text);

/* @width, or that of @text if it is wider. */
size_t text_wider(size_t width, const char *text);

/*
 * The bytes of @text that go on a line of @columns, blanks at its end included: all, or up to a
 * blank or between kanji and kana, so that no line begins or ends with the wrong punctuation. At
 * least one character.
 */
size_t text_fit(const char *text, size_t columns);

/* Writes @text, and blanks after it up to @width columns. */
void text_pad(FILE *stream, const char *text, size_t width);
