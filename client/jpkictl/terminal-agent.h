/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent of jpkictl's own calls: when the service wants a PIN for one, the person at the
 * terminal is asked.
 */
#pragma once

#include "base/secret.h"
#include "client/agent.h"
#include "client/inventory.h"

struct terminal_agent {
	DBusConnection *service;
	int terminal; /* borrowed */
	uint8_t tries_max;
	struct agent *agent;
	struct agent_question *question; /* that is open; NULL: none */
	bool is_cancelled;

	/* Of the last question: the PIN that was given, or NULL and why not (0: not known here). */
	struct secret *pin;
	int failure;
};

/*
 * Registers it, to ask about @applet. 0 or an enum failure; in each case terminal_agent_close()
 * ends it. @agent stays where it is.
 */
int terminal_agent_open(struct terminal_agent *agent, DBusConnection *service, int terminal,
			const struct applet *applet);
void terminal_agent_close(struct terminal_agent *agent);

/* Asks what is open to be asked; for struct request's meanwhile, with the agent as userdata. */
void terminal_agent_run(void *userdata);
