/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"
#include "dbus/error.h"
#include "dbus/object-tree.h"

enum {
	TEXT_SIZE = 1024, /* of an error; longer ones are cut off */
};

static void on_gone(struct peer_watch *watch)
{
	struct call *call = CONTAINER_OF(watch, struct call, watch);
	void (*gone)(void *userdata) = call->gone;

	call->left = true;
	call->gone = NULL;
	if (gone)
		gone(call->gone_userdata);
}

struct call *call_new(struct object_tree *tree, DBusMessage *message)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->tree = tree;
	call->message = dbus_message_ref(message);
	call->watch.gone = on_gone;
	LIST_INSERT_HEAD(&tree->calls, call, link);
	return call;
}

static void call_free(struct call *call)
{
	peer_watch_stop(&call->watch);
	LIST_REMOVE(call, link);
	dbus_message_unref(call->message);
	free(call);
}

int call_watch(struct call *call)
{
	return peer_watch_start(call->tree->peers, call_sender(call), &call->watch);
}

struct peers *call_peers(const struct call *call)
{
	return call->tree->peers;
}

struct bus *call_bus(const struct call *call)
{
	return call->tree->bus;
}

DBusMessage *call_message(const struct call *call)
{
	return call->message;
}

const struct method *call_method(const struct call *call)
{
	return call->method;
}

const char *call_sender(const struct call *call)
{
	return dbus_message_get_sender(call->message);
}

pid_t call_pid(const struct call *call)
{
	return peer_watch_pid(&call->watch);
}

void *call_userdata(const struct call *call)
{
	return call->object ? call->object->userdata : NULL;
}

bool call_wants_reply(const struct call *call)
{
	return !dbus_message_get_no_reply(call->message);
}

bool call_interactive(const struct call *call)
{
	return dbus_message_get_allow_interactive_authorization(call->message);
}

void call_on_gone(struct call *call, void (*gone)(void *userdata), void *userdata)
{
	if (call->left) {
		gone(userdata);
		return;
	}
	call->gone = gone;
	call->gone_userdata = userdata;
}

DBusMessage *call_new_return(struct call *call)
{
	return dbus_message_new_method_return(call->message);
}

void call_return(struct call *call, DBusMessage *reply)
{
	if (!reply)
		reply = dbus_message_new_error(call->message, error_name(ANSWER_NO_MEMORY),
					       "Out of memory");
	if (reply && call_wants_reply(call))
		bus_send(call->tree->bus, reply);
	else if (reply)
		dbus_message_unref(reply);
	call_free(call);
}

void call_return_written(struct call *call, DBusMessage *reply, struct writer *writer)
{
	const int r = reply ? writer_finish(writer) : -ENOMEM;

	if (r < 0 && reply)
		dbus_message_unref(reply);
	if (r == 0)
		call_return(call, reply);
	else if (r == -ENOMEM)
		call_return(call, NULL);
	else
		call_fail(call, ANSWER_FAILED, "The answer cannot be sent: %s", strerror(-r));
}

static void log_failure(const struct call *call, enum answer answer, const char *text)
{
	struct log_fields fields = {
		.operation = dbus_message_get_member(call->message),
		.error = error_name(answer),
		.caller_pid = call_pid(call),
	};

	fields.has_caller = peer_watch_uid(&call->watch, &fields.caller_uid);
	log_event(LOG_DEBUG, &fields, "%s of %s failed: %s: %s", fields.operation,
		  dbus_message_get_path(call->message), fields.error, text);
}

/* @value: of the basic @type, DBUS_TYPE_INVALID: none. */
static void call_fail_with(struct call *call, enum answer answer, int type, const void *value,
			   const char *format, va_list arguments)
{
	DBusMessage *reply = NULL;
	char text[TEXT_SIZE];

	if (vsnprintf(text, sizeof(text), format, arguments) >= 0) {
		/* libdbus ends the process when it is given a text that the bus does not carry. */
		utf8_clean(text);
		log_failure(call, answer, text);
		reply = dbus_message_new_error(call->message, error_name(answer), text);
	}
	if (reply && !dbus_message_append_args(reply, type, value, DBUS_TYPE_INVALID)) {
		dbus_message_unref(reply);
		reply = NULL;
	}
	call_return(call, reply);
}

void call_fail(struct call *call, enum answer answer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	call_fail_with(call, answer, DBUS_TYPE_INVALID, NULL, format, arguments);
	va_end(arguments);
}

void call_fail_uint32(struct call *call, enum answer answer, uint32_t value, const char *format,
		      ...)
{
	va_list arguments;

	va_start(arguments, format);
	call_fail_with(call, answer, DBUS_TYPE_UINT32, &value, format, arguments);
	va_end(arguments);
}

void call_fail_uint64(struct call *call, enum answer answer, uint64_t value, const char *format,
		      ...)
{
	va_list arguments;

	va_start(arguments, format);
	call_fail_with(call, answer, DBUS_TYPE_UINT64, &value, format, arguments);
	va_end(arguments);
}
