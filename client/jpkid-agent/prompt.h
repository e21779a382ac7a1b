/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person is told and asked before a PIN is used; through pinentry, so for a process that
 * does nothing else and ends afterwards.
 */
#pragma once

#include "base/secret.h"
#include "client/advice.h"
#include "client/agent.h"

enum {
	PROMPT_SECONDS = 110, /* for an answer, because the service waits 120 */
};

struct prompt {
	const char *program; /* as pinentry_open() has it */
	const struct agent_question *question;
	const char *caller;   /* NULL: not known */
	enum advice advice;   /* for when the PIN is locked */
	uint64_t deadline;    /* CLOCK_MONOTONIC, in µs */
};

/*
 * Shows tries left, caller and reason; with one try left it asks first whether that may be used.
 * What cannot be a PIN is asked again. *ret_pin is the caller's to free. 0, ANSWER_DISMISSED or a
 * negative errno, which has been logged.
 */
int prompt_ask(const struct prompt *prompt, struct secret **ret_pin);
