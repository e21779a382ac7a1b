/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/connection.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define SYSTEM_BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"

enum {
	PATIENCE = 5 * USEC_PER_SEC,
};

static DBusConnection *open_private(const char *address, DBusError *error)
{
	DBusConnection *connection = dbus_connection_open_private(address, error);

	if (connection)
		dbus_connection_set_exit_on_disconnect(connection, FALSE);
	return connection;
}

static DBusMessage *hello_new(void)
{
	return dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS,
					    "Hello");
}

/* The answer. NULL: there is none in time, or no connection or memory any more. */
static DBusMessage *call_hello(DBusConnection *connection)
{
	const uint64_t begin = clock_microseconds(CLOCK_MONOTONIC);
	CLEANUP(message_unrefp) DBusMessage *hello = hello_new();
	DBusPendingCall *pending = NULL;
	DBusMessage *reply = NULL;
	uint64_t passed = 0;

	if (!hello || !dbus_connection_send_with_reply(connection, hello, &pending,
						       DBUS_TIMEOUT_INFINITE) ||
	    !pending)
		return NULL;
	/* dbus_pending_call_block() would first wait, without a limit, to be authenticated. */
	while (!dbus_pending_call_get_completed(pending) && passed < PATIENCE &&
	       dbus_connection_read_write_dispatch(connection,
						   (int)((PATIENCE - passed) / USEC_PER_MSEC + 1)))
		passed = clock_microseconds(CLOCK_MONOTONIC) - begin;
	if (dbus_pending_call_get_completed(pending))
		reply = dbus_pending_call_steal_reply(pending);
	dbus_pending_call_cancel(pending);
	dbus_pending_call_unref(pending);
	return reply;
}

static bool connection_register(DBusConnection *connection, DBusError *error)
{
	CLEANUP(message_unrefp) DBusMessage *reply = call_hello(connection);
	const char *name;

	if (!reply && dbus_connection_get_is_connected(connection))
		dbus_set_error_const(error, DBUS_ERROR_TIMEOUT, "It does not answer");
	else if (!reply)
		dbus_set_error_const(error, DBUS_ERROR_DISCONNECTED, "It closed the connection");
	else if (!dbus_set_error_from_message(error, reply) &&
		 dbus_message_get_args(reply, error, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) &&
		 !dbus_bus_set_unique_name(connection, name))
		dbus_set_error_const(error, DBUS_ERROR_NO_MEMORY, "No memory is left");
	return !dbus_error_is_set(error);
}

DBusConnection *connection_open_system(DBusError *error)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	DBusConnection *connection =
		open_private(address && *address ? address : SYSTEM_BUS_ADDRESS, error);

	if (!connection)
		return NULL;
	return connection_register(connection, error) ? connection : connection_close(connection);
}

DBusConnection *connection_open_at(const char *address, DBusError *error)
{
	DBusConnection *connection = open_private(address, error);
	CLEANUP(message_unrefp) DBusMessage *hello = connection ? hello_new() : NULL;

	if (!connection || (hello && dbus_connection_send(connection, hello, NULL)))
		return connection;
	dbus_set_error_const(error, DBUS_ERROR_NO_MEMORY, "No memory is left");
	return connection_close(connection);
}

DBusConnection *connection_close(DBusConnection *connection)
{
	if (!connection)
		return NULL;
	dbus_connection_close(connection);
	dbus_connection_unref(connection);
	return NULL;
}
