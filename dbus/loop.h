/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A libdbus connection, read, written and dispatched from an sd-event loop. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "dbus/message.h"

struct loop;

/*
 * Serves @connection from @event until loop_free(), which runs before the connection is closed. 0
 * or a negative errno.
 */
int loop_new(sd_event *event, DBusConnection *connection, struct loop **ret_loop);

/* While it is held, what arrives waits: the connection is written, but not read or dispatched. */
void loop_hold(struct loop *loop, bool hold);

/* Not from inside a callback of the connection. NULL is allowed; returns NULL. */
struct loop *loop_free(struct loop *loop);
