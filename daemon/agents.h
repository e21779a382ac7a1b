/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The programs in users' sessions that ask a person for a PIN (org.jpkid1.Agent), and questions to
 * them.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "apdu/jpki.h"
#include "dbus/call.h"

struct agents;

int agents_new(sd_event *event, struct bus *bus, struct agents **ret_agents);
/*
 * Before the objects of the bus are freed. Open questions end without a word. NULL is allowed;
 * returns NULL.
 */
struct agents *agents_free(struct agents *agents);

/*
 * RegisterAgent and UnregisterAgent, whole: they end @call. A connection has one agent, which is
 * gone with it. Option of RegisterAgent: own-calls (b): it is asked for calls of its own connection
 * only.
 */
void agents_register(struct agents *agents, struct call *call);
void agents_unregister(struct agents *agents, struct call *call);

/* What an agent is told. Strings are borrowed until agents_ask() returns. */
struct agent_details {
	enum jpki_applet applet;
	const char *card; /* object path */
	int tries_left;
	const char *reason; /* NULL: none was given */
	pid_t caller;
};

struct agent_question;

/*
 * @result: 0 with @fd, a descriptor to read the PIN from, now the callee's; ANSWER_DISMISSED;
 * ANSWER_TIMEOUT (nobody answered in 120 seconds); ANSWER_PIN_REQUIRED (the agent has left, or gave
 * something else than a descriptor).
 */
typedef void agent_done(int result, int fd, void *userdata);

/* Whether agents_ask() would find one. */
bool agents_have(const struct agents *agents, uid_t uid, const char *caller);

/*
 * Asks an agent of @uid for a PIN: that of the connection @caller if it has one, else the one that
 * was registered last and is not only for its own calls. ANSWER_PIN_REQUIRED: there is none.
 * Returns 0, then @done runs once from the loop, unless it is cancelled before, which tells the
 * agent (Cancel).
 */
int agents_ask(struct agents *agents, uid_t uid, const char *caller,
	       const struct agent_details *details, agent_done *done, void *userdata,
	       struct agent_question **ret_question);
struct agent_question *agent_question_cancel(struct agent_question *question);
