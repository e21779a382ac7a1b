/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Colour on terminals. It repeats what the words say, and says nothing alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum style {
	STYLE_PLAIN,
	STYLE_GOOD,
	STYLE_WARNING,
	STYLE_BAD,
	STYLE_DIM,
	STYLE_COUNT,
};

/*
 * Whether standard output is to have colours: only a terminal that has them, and not against the
 * person's wish (https://no-color.org).
 */
bool style_is_wanted(void);

/* The columns of the terminal that standard output is; SIZE_MAX: it is none, or has no end. */
size_t style_columns(void);

/* Writes @text, in its style if @coloured. */
void style_print(FILE *stream, bool coloured, enum style style, const char *text);
