/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client's end of org.jpkid1.Agent, for who asks a person for a PIN: jpkid-agent with pinentry,
 * jpkictl in its terminal. The object lives on the given connection, at AGENT_PATH, and takes calls
 * of the service only.
 */
#pragma once

#include <stdbool.h>

#include "client/service.h"

#define AGENT_PATH "/org/jpkid1/agent"

/* RequestPin's details, checked; text is fit for display. */
struct agent_question {
	uint64_t number;
	char *applet; /* "auth" or "sign" */
	char *card;
	int32_t tries_left; /* at least 1 */
	uint32_t length_min, length_max;
	char *reason;    /* NULL: none */
	uint32_t caller; /* process; 0: not known */
	DBusMessage *message;
};

struct agent;

struct agent_methods {
	/*
	 * Somebody is to be asked. @question is the callee's, who ends it, now or later, with
	 * agent_answer(), agent_dismiss() or agent_fail().
	 */
	void (*ask)(struct agent_question *question, void *userdata);
	/* The question is not wanted any more. It must still be ended; the answer goes nowhere. */
	void (*cancel)(uint64_t number, void *userdata);
	/* The service has left, and no question is wanted any more. NULL: no matter. */
	void (*lost)(void *userdata);
	/*
	 * The service has come back (or at last), and the agent has registered with it, unless
	 * @refusal says why not. NULL: no matter.
	 */
	void (*registered)(const struct refusal *refusal, void *userdata);
};

/*
 * Exports the agent and registers it, and does so again whenever the service comes back.
 * @own_calls: it is asked only for calls of this connection; otherwise it is content to wait for a
 * service that is not there yet (agent_is_registered() tells). @service outlives it, and @methods
 * are static. False: *ret_refusal says why not.
 */
bool agent_new(DBusConnection *service, bool own_calls, const struct agent_methods *methods,
	       void *userdata, struct agent **ret_agent, struct refusal *ret_refusal);
/* Questions that are open must be ended before. NULL is allowed; returns NULL. */
struct agent *agent_free(struct agent *agent);

/* Whether the service knew it when last heard of. */
bool agent_is_registered(const struct agent *agent);

/* The service's unique name on the bus; NULL: it is not there. Borrowed until the next message. */
const char *agent_service(const struct agent *agent);

/* How a question ends; each frees @question. */
/* @fd is duplicated. */
void agent_answer(struct agent *agent, struct agent_question *question, int fd);
/* The person said no. */
void agent_dismiss(struct agent *agent, struct agent_question *question);
/* Nobody could be asked. @sentence says why, and what to do about it. */
void agent_fail(struct agent *agent, struct agent_question *question, const char *sentence);
