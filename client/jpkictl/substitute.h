/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Substitute characters (代替文字): what stands in a certificate's name or address for a character
 * that its character set does not have. Flags, a 0 or 1 for each character, say where.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct substitutes {
	size_t characters; /* of the text, by code points */
	size_t flags;      /* which should be as many */
	size_t flagged;    /* of the flags */
	size_t marked;     /* of the characters */
};

/*
 * Prints @text (UTF-8) with brackets around each character that @flags has a 1 for; flags that are
 * missing are 0, and those that have no character mark nothing. @flags may be NULL.
 */
struct substitutes substitutes_print(const char *text, const char *flags, FILE *stream);
