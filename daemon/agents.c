/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/agents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "apdu/pin.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/options.h"
#include "dbus/error.h"
#include "dbus/peer.h"

enum {
	AGENTS_MAX = 64,
	AGENTS_PER_UID_MAX = 16,
};

/* What a person has to answer. Microseconds. */
static const uint64_t answer_limit = 120 * (uint64_t)USEC_PER_SEC;

struct agent {
	struct agents *agents;
	struct peer_watch watch; /* of its connection */
	char *name;              /* of its connection */
	char *path;
	bool own_calls;
	struct call *call; /* RegisterAgent, until the agent's uid is known; then NULL */
	LIST_HEAD(, agent_question) questions;
	TAILQ_ENTRY(agent) link;
};

struct agent_question {
	struct agent *agent;
	uint64_t number;
	struct bus_pending *call; /* RequestPin */
	sd_event_source *deadline;
	agent_done *done;
	void *userdata;
	LIST_ENTRY(agent_question) link;
};

struct agents {
	sd_event *event;
	struct bus *bus;
	uint64_t questions; /* that were ever asked: the number of the last */
	size_t count;
	TAILQ_HEAD(, agent) list; /* newest first */
};

/* --- a question ------ */

static void question_free(struct agent_question *question)
{
	LIST_REMOVE(question, link);
	bus_call_cancel(question->call);
	sd_event_source_disable_unref(question->deadline);
	free(question);
}

static void question_finish(struct agent_question *question, int result, int fd)
{
	agent_done *done = question->done;
	void *userdata = question->userdata;

	question_free(question);
	done(result, fd, userdata);
}

static DBusMessage *agent_message(const struct agent *agent, const char *member)
{
	return dbus_message_new_method_call(agent->name, agent->path, "org.jpkid1.Agent", member);
}

/* The agent need not ask any more. */
static void question_take_back(const struct agent_question *question)
{
	CLEANUP(message_unrefp) DBusMessage *message = agent_message(question->agent, "Cancel");
	struct writer writer;

	if (!message)
		return;
	writer_begin(&writer, message);
	writer_uint64(&writer, question->number);
	if (writer_finish(&writer) == 0)
		bus_tell(question->agent->agents->bus, TAKE(message));
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent_question *question = userdata;

	question_take_back(question);
	question_finish(question, ANSWER_TIMEOUT, -1);
	return 0;
}

static int error_result(DBusMessage *reply)
{
	const char *name = dbus_message_get_error_name(reply);

	if (strcmp(name, DBUS_ERROR_ACCESS_DENIED) == 0 &&
	    dbus_message_has_sender(reply, DBUS_SERVICE_DBUS))
		log_rarely(LOG_WARNING, NULL,
			   "The bus does not let this service ask for PINs: its policy must allow "
			   "it to call the interface org.jpkid1.Agent (org.jpkid1.conf).");
	return error_answer(name) == ANSWER_DISMISSED ? ANSWER_DISMISSED : ANSWER_PIN_REQUIRED;
}

static void on_reply(DBusMessage *reply, void *userdata)
{
	struct agent_question *question = userdata;
	int fd;

	question->call = NULL;
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
		return question_finish(question, error_result(reply), -1);
	if (!dbus_message_has_signature(reply, DBUS_TYPE_UNIX_FD_AS_STRING) ||
	    !dbus_message_get_args(reply, NULL, DBUS_TYPE_UNIX_FD, &fd, DBUS_TYPE_INVALID))
		return question_finish(question, ANSWER_PIN_REQUIRED, -1);
	question_finish(question, 0, fd);
}

static int append_request(DBusMessage *message, uint64_t number,
			  const struct agent_details *details)
{
	struct writer writer, dictionary;
	size_t min, max;

	pin_lengths(details->applet, &min, &max);
	writer_begin(&writer, message);
	writer_uint64(&writer, number);
	writer_open(&writer, &dictionary, DBUS_TYPE_ARRAY, "{sv}");
	writer_entry_string(&dictionary, "applet", jpki_applet_name(details->applet));
	writer_entry_path(&dictionary, "card", details->card);
	writer_entry_int32(&dictionary, "tries-left", details->tries_left);
	writer_entry_uint32(&dictionary, "min", (uint32_t)min);
	writer_entry_uint32(&dictionary, "max", (uint32_t)max);
	if (details->reason)
		writer_entry_string(&dictionary, "reason", details->reason);
	if (details->caller > 0)
		writer_entry_uint32(&dictionary, "caller-pid", (uint32_t)details->caller);
	writer_close(&dictionary);
	return writer_finish(&writer);
}

static int question_send(struct agent_question *question, const struct agent_details *details)
{
	CLEANUP(message_unrefp) DBusMessage *message = agent_message(question->agent, "RequestPin");
	int r = message ? append_request(message, question->number, details) : -ENOMEM;

	if (r < 0)
		return r;
	return bus_call(question->agent->agents->bus, message, on_reply, question, &question->call);
}

/* Whether it may be asked by callers of @uid. */
static bool agent_is_of(const struct agent *agent, uid_t uid)
{
	uid_t own;

	return !agent->call && peer_watch_uid(&agent->watch, &own) && own == uid;
}

static struct agent *agents_choose(const struct agents *agents, uid_t uid, const char *caller)
{
	struct agent *agent, *chosen = NULL;

	TAILQ_FOREACH(agent, &agents->list, link) {
		if (!agent_is_of(agent, uid))
			continue;
		if (strcmp(agent->name, caller) == 0)
			return agent;
		if (!chosen && !agent->own_calls)
			chosen = agent;
	}
	return chosen;
}

bool agents_have(const struct agents *agents, uid_t uid, const char *caller)
{
	return agents_choose(agents, uid, caller) != NULL;
}

int agents_ask(struct agents *agents, uid_t uid, const char *caller,
	       const struct agent_details *details, agent_done *done, void *userdata,
	       struct agent_question **ret_question)
{
	struct agent *agent = agents_choose(agents, uid, caller);
	struct agent_question *question;
	int r;

	if (!agent)
		return ANSWER_PIN_REQUIRED;
	question = calloc(1, sizeof(*question));
	if (!question)
		return -ENOMEM;
	*question = (struct agent_question){
		.agent = agent,
		.number = ++agents->questions,
		.done = done,
		.userdata = userdata,
	};
	LIST_INSERT_HEAD(&agent->questions, question, link);

	r = sd_event_add_time_relative(agents->event, &question->deadline, CLOCK_MONOTONIC,
				       answer_limit, 0, on_deadline, question);
	if (r >= 0)
		r = question_send(question, details);
	if (r < 0) {
		question_free(question);
		return r;
	}
	*ret_question = question;
	return 0;
}

struct agent_question *agent_question_cancel(struct agent_question *question)
{
	if (!question)
		return NULL;
	question_take_back(question);
	question_free(question);
	return NULL;
}

/* --- an agent ------ */

static void agent_free(struct agent *agent)
{
	while (!LIST_EMPTY(&agent->questions))
		question_free(LIST_FIRST(&agent->questions));
	peer_watch_stop(&agent->watch);
	TAILQ_REMOVE(&agent->agents->list, agent, link);
	agent->agents->count--;
	if (agent->call)
		call_fail(agent->call, ANSWER_CANCELLED, "The agent was not registered.");
	free(agent->path);
	free(agent->name);
	free(agent);
}

/* Those whom its questions are for are told. */
static void agent_remove(struct agent *agent)
{
	struct agent_question *question;

	while ((question = LIST_FIRST(&agent->questions))) {
		question_take_back(question);
		question_finish(question, ANSWER_PIN_REQUIRED, -1);
	}
	agent_free(agent);
}

static void on_gone(struct peer_watch *watch)
{
	agent_remove(CONTAINER_OF(watch, struct agent, watch));
}

static size_t agents_count(const struct agents *agents, uid_t uid)
{
	const struct agent *agent;
	size_t count = 0;

	TAILQ_FOREACH(agent, &agents->list, link)
		count += agent_is_of(agent, uid);
	return count;
}

static void on_known(struct peer_watch *watch, uid_t uid)
{
	struct agent *agent = CONTAINER_OF(watch, struct agent, watch);
	const bool too_many = agents_count(agent->agents, uid) >= AGENTS_PER_UID_MAX;
	struct call *call = TAKE(agent->call);

	if (!too_many)
		return call_return(call, call_new_return(call));
	agent_free(agent);
	call_fail(call, ANSWER_LIMITS_EXCEEDED,
		  "User %u has %u agents, which is as many as one may have; end one first.", uid,
		  AGENTS_PER_UID_MAX);
}

static struct agent *agents_find(const struct agents *agents, const char *name)
{
	struct agent *agent;

	TAILQ_FOREACH(agent, &agents->list, link)
		if (strcmp(agent->name, name) == 0)
			return agent;
	return NULL;
}

/* NULL: no memory. */
static struct agent *agent_new(struct agents *agents, struct call *call, const char *path)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent)
		return NULL;
	*agent = (struct agent){
		.agents = agents,
		.watch = { .known = on_known, .gone = on_gone },
		.name = strdup(call_sender(call)),
		.path = strdup(path),
	};
	TAILQ_INSERT_HEAD(&agents->list, agent, link);
	agents->count++;
	if (!agent->name || !agent->path ||
	    peer_watch_start(call_peers(call), agent->name, &agent->watch) < 0) {
		agent_free(agent);
		return NULL;
	}
	agent->call = call;
	return agent;
}

void agents_register(struct agents *agents, struct call *call)
{
	DBusMessageIter iter;
	struct options options;
	struct agent *agent;
	const char *path;
	uid_t uid;

	dbus_message_iter_init(call_message(call), &iter);
	dbus_message_iter_get_basic(&iter, &path);
	dbus_message_iter_next(&iter);
	if (!options_read_for(call, &iter, &options))
		return;
	if (agents_find(agents, call_sender(call)))
		return call_fail(call, ANSWER_NOT_ALLOWED,
				 "This connection has an agent already; unregister it first.");
	if (agents->count >= AGENTS_MAX)
		return call_fail(call, ANSWER_LIMITS_EXCEEDED,
				 "All users together have %u agents, which is as many as there may "
				 "be; end one first.",
				 AGENTS_MAX);

	agent = agent_new(agents, call, path);
	if (!agent)
		return call_return(call, NULL);
	agent->own_calls = options.own_calls;
	if (peer_watch_uid(&agent->watch, &uid))
		on_known(&agent->watch, uid);
}

void agents_unregister(struct agents *agents, struct call *call)
{
	struct agent *agent = agents_find(agents, call_sender(call));
	const char *path;

	dbus_message_get_args(call_message(call), NULL, DBUS_TYPE_OBJECT_PATH, &path,
			      DBUS_TYPE_INVALID);
	if (!agent || strcmp(agent->path, path) != 0)
		return call_fail(call, ANSWER_INVALID_INPUT,
				 "This connection has no agent at %s.", path);
	agent_remove(agent);
	call_return(call, call_new_return(call));
}

/* --- all of them ------ */

int agents_new(sd_event *event, struct bus *bus, struct agents **ret_agents)
{
	struct agents *agents = calloc(1, sizeof(*agents));

	if (!agents)
		return -ENOMEM;
	agents->event = sd_event_ref(event);
	agents->bus = bus;
	TAILQ_INIT(&agents->list);
	*ret_agents = agents;
	return 0;
}

struct agents *agents_free(struct agents *agents)
{
	if (!agents)
		return NULL;
	while (!TAILQ_EMPTY(&agents->list))
		agent_free(TAILQ_FIRST(&agents->list));
	sd_event_unref(agents->event);
	free(agents);
	return NULL;
}
