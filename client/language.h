/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The language of the person. What people are shown is written in English in the sources, and goes
 * through _() or N_().
 */
#pragma once

#include <libintl.h>

/* The translation of a text, or of that form which @count wants: ngettext(). */
#define _(text) gettext(text)

/* Marks what a constant table holds; who shows it calls _() then. */
#define N_(text) text

/*
 * Takes the language of messages from the environment, as setlocale(3) has it; the locale itself
 * need not be installed. What is shown is UTF-8 in any case. Before threads, and before any _().
 */
void language_begin(void);
