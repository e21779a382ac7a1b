/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dbus-daemon of the test's own, as the system bus of this process, and connections of clients
 * to it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#include <dbus/dbus.h>
#include <systemd/sd-event.h>

enum {
	/* Match rules that one connection may have here. */
	PRIVATE_BUS_RULES_MAX = 264,
	/* Clients that can be connected at once. */
	PRIVATE_BUS_CLIENTS_MAX = 280,
	UID_OTHER = 65534,
};

/* A name that nobody may own here. */
#define PRIVATE_BUS_DENIED_NAME "org.jpkid1.Denied"
/* A path that nobody may call here. */
#define PRIVATE_BUS_DENIED_PATH "/org/jpkid1/denied"

/*
 * 0, or a negative errno: -ENOENT where dbus-daemon is not installed. It ends with this process at
 * the latest.
 */
int private_bus_start(void);
void private_bus_stop(void);

/* The whole work of a main(): runs tests on one private bus. What the program returns. */
int private_bus_run_tests(const char *name, const struct CMUnitTest *tests, size_t count);

/* The uid of a client that is not root. */
uid_t other_uid(void);

/* A private connection of a client that runs as @uid, which only root can choose. */
DBusConnection *client_open(uid_t uid);
void client_close(DBusConnection *client);
void clients_close(void);

/* One turn: @event's, and what all clients have to read or write. */
void private_bus_turn(sd_event *event);

/* Sends (the message is consumed), and turns until there is a reply; that is the caller's. */
DBusMessage *client_call(sd_event *event, DBusConnection *client, DBusMessage *message);

/* A method call to @service, with arguments as those of dbus_message_append_args(). */
DBusMessage *client_message(const char *service, const char *path, const char *interface,
			    const char *member, int type, ...);

void assert_error(DBusMessage *reply, const char *name);
