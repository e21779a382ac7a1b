/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private connections to buses, which the process outlives. */
#pragma once

#include "dbus/message.h"

/*
 * To the system bus, which has answered: blocks some seconds at most, where libdbus itself would
 * wait for ever. NULL: *error says why not; DBUS_ERROR_TIMEOUT: something took the connection and
 * did not answer.
 */
DBusConnection *connection_open_system(DBusError *error);

/*
 * To the bus at @address, without waiting for it: its answer to Hello is of no use, and messages to
 * it and to others may follow at once. NULL: *error says why not.
 */
DBusConnection *connection_open_at(const char *address, DBusError *error);

/* NULL is allowed; returns NULL. */
DBusConnection *connection_close(DBusConnection *connection);
