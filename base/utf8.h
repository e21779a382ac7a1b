/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that comes from others as UTF-8 (RFC 3629), and what in it is not fit to be shown. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UTF8_NO_CHARACTER = 0x110000, /* the first that is beyond Unicode */
};

/*
 * The character at @text, and how many bytes it has: UTF8_NO_CHARACTER and one byte where none
 * begins. @length is what may be read, at least 1; SIZE_MAX where a NUL ends the text.
 */
size_t utf8_read(const void *text, size_t length, uint32_t *ret_character);

/* The same number of bytes, in a text that a NUL ends. */
size_t utf8_length(const char *text);

/*
 * Does it end a line, command a terminal or turn the writing round? Unicode's Cc, the line and
 * paragraph separators, the embeddings, overrides and isolates; and UTF8_NO_CHARACTER.
 */
bool utf8_is_control(uint32_t character);

/*
 * Puts '?' in the place of each byte that is no UTF-8, of controls, and of what is invisible. The
 * length stays. What is left is fit for a terminal, a line of the log and the bus.
 */
void utf8_clean(char *text);
