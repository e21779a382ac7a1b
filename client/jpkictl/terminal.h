/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to the person at the controlling terminal, wherever standard input and output go. */
#pragma once

#include <stdbool.h>

#include "base/secret.h"

/* A descriptor of the controlling terminal, the caller's to close; -1: there is none. */
int terminal_open(void);

/* What can make an answer needless while it is typed. */
struct terminal_watch {
	int fd; /* readable: look again */
	bool (*is_wanted)(void *userdata);
	void *userdata;
};

/*
 * Shows @question and reads a line without its end into @answer; of a longer one than that holds,
 * as much as it holds. What is typed is shown only with @echo. A signal that ends the program does
 * so after the terminal is as it was before; one that stops it asks the question again. 0,
 * -ECANCELED (not wanted any more, as @watch has it; NULL: it always is) or another negative
 * errno.
 */
int terminal_ask(int terminal, const char *question, bool echo, const struct terminal_watch *watch,
		 struct secret *answer);

/* Shows @text. 0 or a negative errno. */
int terminal_say(int terminal, const char *text);
