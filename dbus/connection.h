/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system bus, reached within a time: libdbus itself waits for the bus's answers for ever. */
#pragma once

#include "dbus/message.h"

/*
 * A private connection that the bus has answered, blocking some seconds at most. The process
 * outlives it. NULL: *error says why not; DBUS_ERROR_TIMEOUT: something took the connection and did
 * not answer.
 */
DBusConnection *connection_open_system(DBusError *error);

/* NULL is allowed; returns NULL. */
DBusConnection *connection_close(DBusConnection *connection);
