/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pinentry program, spoken to in the Assuan protocol: for a process that does nothing else and
 * ends afterwards. What it answers is kept in locked memory only. Failures are logged here.
 */
#pragma once

#include "base/secret.h"

struct pinentry;

/* What is shown; UTF-8. The end of a text that is too long for the protocol is not. */
struct dialog {
	const char *title, *description;
	const char *error;  /* what was wrong with the last answer; NULL: nothing */
	const char *prompt; /* NULL: what is asked for is not a secret, but consent */
	const char *ok, *cancel;
	unsigned int timeout; /* seconds; not 0 */
};

/*
 * @program: a path, or a name to be found in PATH. *ret_pinentry is to be closed by
 * pinentry_closep(). 0, -EIO (the log says why), or -ENOMEM, also where none can be locked.
 */
int pinentry_open(const char *program, struct pinentry **ret_pinentry);
void pinentry_closep(struct pinentry **pinentry);

/* 0, ANSWER_DISMISSED (all that is not consent: refusal, a closed window, the timeout) or -EIO. */
int pinentry_confirm(struct pinentry *pinentry, const struct dialog *dialog);

/* Likewise; with 0, @secret holds what was typed: of more than fits, as much as fits. */
int pinentry_ask(struct pinentry *pinentry, const struct dialog *dialog, struct secret *secret);
