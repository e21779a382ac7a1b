/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/cleanup.h"
#include "base/format.h"
#include "dbus/connection.h"
#include "dbus/loop.h"

struct bus {
	sd_event *event;
	DBusConnection *connection;
	struct loop *loop;
	void (*lost)(void *userdata);
	void *userdata;
	LIST_HEAD(, bus_pending) pending;
	LIST_HEAD(, bus_match) matches;
};

struct bus_pending {
	DBusPendingCall *call;
	bus_reply *done;
	void *userdata;
	LIST_ENTRY(bus_pending) link;
};

struct bus_match {
	struct bus *bus;
	struct bus_signal kind;
	char *rule;
	bus_heard *heard;
	void *userdata;
	LIST_ENTRY(bus_match) link;
};

static const struct {
	const char *name;
	int result;
} failures[] = {
	{ DBUS_ERROR_NO_MEMORY, -ENOMEM },
	{ DBUS_ERROR_ACCESS_DENIED, -EACCES },
	{ DBUS_ERROR_BAD_ADDRESS, -EINVAL },
	{ DBUS_ERROR_FILE_NOT_FOUND, -ENOENT },
	{ DBUS_ERROR_NO_SERVER, -ECONNREFUSED },
	{ DBUS_ERROR_DISCONNECTED, -ECONNRESET },
	{ DBUS_ERROR_TIMEOUT, -ETIMEDOUT },
};

/* Frees the error. */
static int failure(DBusError *error)
{
	int result = -EIO;

	for (size_t i = 0; i < LENGTH_OF(failures); i++)
		if (dbus_error_has_name(error, failures[i].name))
			result = failures[i].result;
	dbus_error_free(error);
	return result;
}

/* The bus says who sent it; a rule alone does not keep out what is sent to this connection only. */
static bool signal_is_of(DBusMessage *signal, const struct bus_signal *kind, const char *argument)
{
	return dbus_message_has_sender(signal, kind->sender) &&
	       (!kind->path || dbus_message_has_path(signal, kind->path)) &&
	       dbus_message_is_signal(signal, kind->interface, kind->member) &&
	       (!kind->argument || (argument && strcmp(argument, kind->argument) == 0));
}

static struct bus_match *bus_find_match(const struct bus *bus, DBusMessage *signal)
{
	const char *argument = NULL;
	struct bus_match *match;

	dbus_message_get_args(signal, NULL, DBUS_TYPE_STRING, &argument, DBUS_TYPE_INVALID);
	LIST_FOREACH(match, &bus->matches, link)
		if (signal_is_of(signal, &match->kind, argument))
			return match;
	return NULL;
}

static DBusHandlerResult on_message(DBusConnection *connection, DBusMessage *message,
				    void *userdata)
{
	struct bus *bus = userdata;
	struct bus_match *match;

	if (dbus_message_get_type(message) != DBUS_MESSAGE_TYPE_SIGNAL)
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	match = bus_find_match(bus, message);
	if (match)
		match->heard(message, match->userdata);
	if (!dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected"))
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	if (bus->lost)
		bus->lost(bus->userdata);
	else
		sd_event_exit(bus->event, -ECONNRESET);
	return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

static int bus_connect(struct bus *bus, const char *address)
{
	DBusError error = DBUS_ERROR_INIT;

	bus->connection = address ? connection_open_at(address, &error) :
				    connection_open_system(&error);
	if (!bus->connection)
		return failure(&error);
	if (!dbus_connection_add_filter(bus->connection, on_message, bus, NULL))
		return -ENOMEM;
	return loop_new(bus->event, bus->connection, &bus->loop);
}

int bus_open_at(sd_event *event, const char *address, void (*lost)(void *userdata), void *userdata,
		struct bus **ret_bus)
{
	struct bus *bus;
	int r;

	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	bus->event = sd_event_ref(event);
	bus->lost = lost;
	bus->userdata = userdata;

	r = bus_connect(bus, address);
	if (r < 0) {
		bus_free(bus);
		return r;
	}
	*ret_bus = bus;
	return 0;
}

int bus_open(sd_event *event, void (*lost)(void *userdata), void *userdata, struct bus **ret_bus)
{
	return bus_open_at(event, NULL, lost, userdata, ret_bus);
}

struct bus *bus_free(struct bus *bus)
{
	if (!bus)
		return NULL;
	/* A pending call keeps its connection alive. */
	while (!LIST_EMPTY(&bus->pending))
		bus_call_cancel(LIST_FIRST(&bus->pending));
	loop_free(bus->loop);
	connection_close(bus->connection);
	sd_event_unref(bus->event);
	free(bus);
	return NULL;
}

int bus_request_name(struct bus *bus, const char *name)
{
	DBusError error = DBUS_ERROR_INIT;
	const int r = dbus_bus_request_name(bus->connection, name, DBUS_NAME_FLAG_DO_NOT_QUEUE,
					    &error);

	if (r < 0)
		return failure(&error);
	return r == DBUS_REQUEST_NAME_REPLY_EXISTS ? -EEXIST : 0;
}

void bus_hold(struct bus *bus, bool hold)
{
	loop_hold(bus->loop, hold);
}

DBusConnection *bus_connection(struct bus *bus)
{
	return bus->connection;
}

void bus_send(struct bus *bus, DBusMessage *message)
{
	dbus_connection_send(bus->connection, message, NULL);
	dbus_message_unref(message);
}

void bus_tell(struct bus *bus, DBusMessage *message)
{
	dbus_message_set_no_reply(message, TRUE);
	dbus_message_set_auto_start(message, FALSE);
	bus_send(bus, message);
}

static void on_reply(DBusPendingCall *call, void *userdata)
{
	struct bus_pending *pending = userdata;
	CLEANUP(message_unrefp) DBusMessage *reply = dbus_pending_call_steal_reply(call);
	bus_reply *done = pending->done;
	void *done_userdata = pending->userdata;

	LIST_REMOVE(pending, link);
	dbus_pending_call_unref(pending->call);
	free(pending);
	done(reply, done_userdata);
}

int bus_call(struct bus *bus, DBusMessage *message, bus_reply *done, void *userdata,
	     struct bus_pending **ret_pending)
{
	CLEANUP(freep) struct bus_pending *pending = calloc(1, sizeof(*pending));

	if (!pending)
		return -ENOMEM;
	pending->done = done;
	pending->userdata = userdata;

	if (!dbus_connection_send_with_reply(bus->connection, message, &pending->call,
					     DBUS_TIMEOUT_INFINITE))
		return -ENOMEM;
	if (!pending->call)
		return -ENOTCONN;
	if (!dbus_pending_call_set_notify(pending->call, on_reply, pending, NULL)) {
		dbus_pending_call_cancel(pending->call);
		dbus_pending_call_unref(pending->call);
		return -ENOMEM;
	}
	LIST_INSERT_HEAD(&bus->pending, pending, link);
	if (ret_pending)
		*ret_pending = pending;
	TAKE(pending);
	return 0;
}

struct bus_pending *bus_call_cancel(struct bus_pending *pending)
{
	if (!pending)
		return NULL;
	LIST_REMOVE(pending, link);
	dbus_pending_call_cancel(pending->call);
	dbus_pending_call_unref(pending->call);
	free(pending);
	return NULL;
}

struct bus_signal bus_owner_change(const char *name)
{
	return (struct bus_signal){
		.sender = DBUS_SERVICE_DBUS,
		.path = DBUS_PATH_DBUS,
		.interface = DBUS_INTERFACE_DBUS,
		.member = "NameOwnerChanged",
		.argument = name,
	};
}

const char *bus_new_owner(DBusMessage *signal)
{
	const char *name, *from, *to;

	return dbus_message_get_args(signal, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &from,
				     DBUS_TYPE_STRING, &to, DBUS_TYPE_INVALID) ?
		       to :
		       "";
}

static char *signal_rule(const struct bus_signal *kind)
{
	return format("type='signal',sender='%s',interface='%s',member='%s'%s%s%s%s%s%s",
		      kind->sender, kind->interface, kind->member, kind->path ? ",path='" : "",
		      kind->path ? kind->path : "", kind->path ? "'" : "",
		      kind->argument ? ",arg0='" : "", kind->argument ? kind->argument : "",
		      kind->argument ? "'" : "");
}

int bus_match_add(struct bus *bus, const struct bus_signal *kind, bus_heard *heard, void *userdata,
		  struct bus_match **ret_match)
{
	CLEANUP(freep) struct bus_match *match = malloc(sizeof(*match));

	if (!match)
		return -ENOMEM;
	*match = (struct bus_match){
		.bus = bus,
		.kind = *kind,
		.rule = signal_rule(kind),
		.heard = heard,
		.userdata = userdata,
	};
	if (!match->rule)
		return -ENOMEM;
	dbus_bus_add_match(bus->connection, match->rule, NULL);
	LIST_INSERT_HEAD(&bus->matches, match, link);
	*ret_match = TAKE(match);
	return 0;
}

struct bus_match *bus_match_remove(struct bus_match *match)
{
	if (!match)
		return NULL;
	dbus_bus_remove_match(match->bus->connection, match->rule, NULL);
	LIST_REMOVE(match, link);
	free(match->rule);
	free(match);
	return NULL;
}
