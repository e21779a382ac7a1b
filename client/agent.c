/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/dictionary.h"
#include "client/label.h"
#include "dbus/error.h"

#define AGENT_INTERFACE "org.jpkid1.Agent"

struct agent {
	DBusConnection *service;
	bool own_calls;
	bool is_registered;
	const struct agent_methods *methods;
	void *userdata;
	char *owner; /* the service's unique name; NULL: it is not there */
	DBusPendingCall *registering;
};

/* --- questions ------ */

static const struct field fields[] = {
	{ "applet", DBUS_TYPE_STRING, offsetof(struct agent_question, applet) },
	{ "card", DBUS_TYPE_OBJECT_PATH, offsetof(struct agent_question, card) },
	{ "tries-left", DBUS_TYPE_INT32, offsetof(struct agent_question, tries_left) },
	{ "min", DBUS_TYPE_UINT32, offsetof(struct agent_question, length_min) },
	{ "max", DBUS_TYPE_UINT32, offsetof(struct agent_question, length_max) },
	{ "reason", DBUS_TYPE_STRING, offsetof(struct agent_question, reason) },
	{ "caller-pid", DBUS_TYPE_UINT32, offsetof(struct agent_question, caller) },
	{ 0 },
};

static void question_free(struct agent_question *question)
{
	dictionary_clear(fields, question);
	dbus_message_unref(question->message);
	free(question);
}

/* A person who is not told how many tries are left is not asked. */
static bool question_is_whole(const struct agent_question *question)
{
	return question->applet && label_find(question->applet) && question->card &&
	       question->tries_left >= 1 && question->length_min >= 1 &&
	       question->length_min <= question->length_max;
}

static int question_read(DBusMessage *message, struct agent_question **ret_question)
{
	struct agent_question *question = calloc(1, sizeof(*question));
	DBusMessageIter iter;
	int r;

	if (!question)
		return -ENOMEM;
	question->message = dbus_message_ref(message);
	dbus_message_iter_init(message, &iter);
	dbus_message_iter_get_basic(&iter, &question->number);
	dbus_message_iter_next(&iter);
	r = dictionary_read(&iter, fields, false, question);
	if (r == 0 && !question_is_whole(question))
		r = -EPROTO;
	if (r < 0) {
		question_free(question);
		return r;
	}
	*ret_question = question;
	return 0;
}

/* @reply NULL: no memory. The service then waits in vain, as long as it cares to. */
static void agent_send(struct agent *agent, DBusMessage *reply)
{
	if (!reply)
		return;
	dbus_connection_send(agent->service, reply, NULL);
	dbus_message_unref(reply);
}

static void agent_refuse(struct agent *agent, DBusMessage *message, enum answer answer,
			 const char *sentence)
{
	agent_send(agent, dbus_message_new_error(message, error_name(answer), sentence));
}

void agent_answer(struct agent *agent, struct agent_question *question, int fd)
{
	CLEANUP(message_unrefp)
	DBusMessage *reply = dbus_message_new_method_return(question->message);
	struct writer writer;

	if (reply) {
		writer_begin(&writer, reply);
		writer_fd(&writer, fd);
	}
	if (reply && writer_finish(&writer) == 0)
		agent_send(agent, TAKE(reply));
	else
		agent_refuse(agent, question->message, ANSWER_NO_MEMORY, "No memory is left.");
	question_free(question);
}

void agent_dismiss(struct agent *agent, struct agent_question *question)
{
	agent_refuse(agent, question->message, ANSWER_DISMISSED, "The person gave no PIN.");
	question_free(question);
}

void agent_fail(struct agent *agent, struct agent_question *question, const char *sentence)
{
	agent_refuse(agent, question->message, ANSWER_FAILED, sentence);
	question_free(question);
}

/* --- calls of the service ------ */

static void on_request_pin(struct agent *agent, DBusMessage *message)
{
	struct agent_question *question;
	int r = question_read(message, &question);

	if (r == -ENOMEM)
		agent_refuse(agent, message, ANSWER_NO_MEMORY, "No memory is left.");
	else if (r < 0)
		agent_refuse(agent, message, ANSWER_INVALID_ARGS,
			     "The details lack what a person must be told.");
	else
		agent->methods->ask(question, agent->userdata);
}

static void on_cancel(struct agent *agent, DBusMessage *message)
{
	DBusMessageIter iter;
	uint64_t number;

	dbus_message_iter_init(message, &iter);
	dbus_message_iter_get_basic(&iter, &number);
	agent_send(agent, dbus_message_new_method_return(message));
	agent->methods->cancel(number, agent->userdata);
}

static const struct method {
	const char *name, *signature;
	void (*handle)(struct agent *agent, DBusMessage *message);
} methods[] = {
	{ "RequestPin", "ta{sv}", on_request_pin },
	{ "Cancel", "t", on_cancel },
};

static const struct method *method_find(DBusMessage *message)
{
	for (size_t i = 0; i < LENGTH_OF(methods); i++)
		if (dbus_message_is_method_call(message, AGENT_INTERFACE, methods[i].name))
			return &methods[i];
	return NULL;
}

static DBusHandlerResult on_message(DBusConnection *service, DBusMessage *message, void *userdata)
{
	struct agent *agent = userdata;
	const struct method *method = method_find(message);

	if (!method)
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	if (!agent->owner || !dbus_message_has_sender(message, agent->owner))
		agent_refuse(agent, message, ANSWER_ACCESS_DENIED,
			     "Only the service " SERVICE_NAME " may ask for a PIN.");
	else if (!dbus_message_has_signature(message, method->signature))
		agent_refuse(agent, message, ANSWER_INVALID_ARGS,
			     "The arguments are not of the types that org.jpkid1(5) has.");
	else
		method->handle(agent, message);
	return DBUS_HANDLER_RESULT_HANDLED;
}

/* --- registration ------ */

static void write_registration(struct writer *writer, const void *data)
{
	const struct agent *agent = data;
	struct writer options;

	writer_path(writer, AGENT_PATH);
	writer_open(writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	if (agent->own_calls)
		writer_entry_boolean(&options, "own-calls", true);
	writer_close(&options);
}

static struct request registration(const struct agent *agent)
{
	return (struct request){
		.path = ROOT_PATH,
		.interface = MANAGER_INTERFACE,
		.member = "RegisterAgent",
		.signature = "",
		.write = write_registration,
		.data = agent,
	};
}

static void agent_report(struct agent *agent, const struct refusal *refusal)
{
	agent->is_registered = !refusal;
	if (agent->methods->registered)
		agent->methods->registered(refusal, agent->userdata);
}

static void registering_cancel(struct agent *agent)
{
	if (!agent->registering)
		return;
	dbus_pending_call_cancel(agent->registering);
	dbus_pending_call_unref(agent->registering);
	agent->registering = NULL;
}

static void on_registered(DBusPendingCall *pending, void *userdata)
{
	struct agent *agent = userdata;
	CLEANUP(message_unrefp) DBusMessage *reply = dbus_pending_call_steal_reply(pending);
	struct refusal refusal;
	const bool done = service_accepts(reply, "", &refusal);

	registering_cancel(agent);
	agent_report(agent, done ? NULL : &refusal);
}

static void agent_register_again(struct agent *agent)
{
	const struct request request = registration(agent);
	CLEANUP(message_unrefp)
	DBusMessage *message = agent->owner ? service_message(&request) : NULL;
	struct refusal refusal;

	if (message &&
	    dbus_connection_send_with_reply(agent->service, message, &agent->registering,
					    DBUS_TIMEOUT_INFINITE) &&
	    agent->registering &&
	    dbus_pending_call_set_notify(agent->registering, on_registered, agent, NULL))
		return;
	registering_cancel(agent);
	refusal_set(&refusal, message ? -ENOTCONN : -ENOMEM);
	agent_report(agent, &refusal);
}

static void agent_lose(struct agent *agent)
{
	registering_cancel(agent);
	free(agent->owner);
	agent->owner = NULL;
	agent->is_registered = false;
	if (agent->methods->lost)
		agent->methods->lost(agent->userdata);
}

/* @owner: "" where the service has left. */
static void agent_follow(struct agent *agent, const char *owner)
{
	/* The one that the agent has registered with, whose arrival was still in the queue. */
	if (agent->owner && strcmp(agent->owner, owner) == 0)
		return;
	if (agent->owner)
		agent_lose(agent);
	if (!*owner)
		return;
	agent->owner = strdup(owner);
	agent_register_again(agent);
}

static DBusHandlerResult on_signal(DBusConnection *service, DBusMessage *message, void *userdata)
{
	const char *before, *now;

	if (service_owner_change(message, &before, &now))
		agent_follow(userdata, now);
	return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

/* Whoever answers for the service is the service: the bus lets nobody else. */
static bool agent_register(struct agent *agent, struct refusal *ret_refusal)
{
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	const struct request request = registration(agent);

	if (!service_call(agent->service, &request, &reply, ret_refusal))
		return !agent->own_calls && ret_refusal->result == -ENOTCONN;
	agent->owner = strdup(dbus_message_get_sender(reply));
	agent->is_registered = agent->owner;
	return agent->owner || refusal_set(ret_refusal, -ENOMEM);
}

/* --- the agent ------ */

static bool agent_attach(struct agent *agent)
{
	static const DBusObjectPathVTable object = { .message_function = on_message };

	if (!dbus_connection_add_filter(agent->service, on_signal, agent, NULL))
		return false;
	if (!dbus_connection_try_register_object_path(agent->service, AGENT_PATH, &object, agent,
						      NULL)) {
		dbus_connection_remove_filter(agent->service, on_signal, agent);
		return false;
	}
	/* Before the registration, so that no change of owner is missed. */
	dbus_bus_add_match(agent->service, SERVICE_OWNER_RULE, NULL);
	return true;
}

bool agent_new(DBusConnection *service, bool own_calls, const struct agent_methods *agent_methods,
	       void *userdata, struct agent **ret_agent, struct refusal *ret_refusal)
{
	CLEANUP(freep) struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent)
		return refusal_set(ret_refusal, -ENOMEM);
	*agent = (struct agent){
		.service = service,
		.own_calls = own_calls,
		.methods = agent_methods,
		.userdata = userdata,
	};
	if (!agent_attach(agent))
		return refusal_set(ret_refusal, -ENOMEM);
	if (!agent_register(agent, ret_refusal)) {
		agent_free(TAKE(agent));
		return false;
	}
	*ret_agent = TAKE(agent);
	return true;
}

struct agent *agent_free(struct agent *agent)
{
	if (!agent)
		return NULL;
	registering_cancel(agent);
	dbus_bus_remove_match(agent->service, SERVICE_OWNER_RULE, NULL);
	dbus_connection_unregister_object_path(agent->service, AGENT_PATH);
	dbus_connection_remove_filter(agent->service, on_signal, agent);
	free(agent->owner);
	free(agent);
	return NULL;
}

bool agent_is_registered(const struct agent *agent)
{
	return agent->is_registered;
}

const char *agent_service(const struct agent *agent)
{
	return agent->owner;
}
