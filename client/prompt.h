/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person is told and asked before a PIN is used, in Japanese or English, as the session's
 * locale is; through pinentry, so for a process that does nothing else and ends afterwards.
 */
#pragma once

#include "base/secret.h"
#include "client/agent.h"

enum {
	PROMPT_SECONDS = 110, /* for an answer, because the service waits 120 */
};

/*
 * Shows tries left, @caller (NULL: not known) and reason; with one try left it asks first whether
 * that may be used. What cannot be a PIN is asked again. @program: as pinentry_open() has it.
 * @deadline: CLOCK_MONOTONIC, in µs. *ret_pin is the caller's to free. 0, ANSWER_DISMISSED or a
 * negative errno, which has been logged.
 */
int prompt_ask(const char *program, const struct agent_question *question, const char *caller,
	       uint64_t deadline, struct secret **ret_pin);
