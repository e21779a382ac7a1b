/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object on a private bus, and a client that calls it: what the tests of dbus/object.h share. */
#pragma once

#include "dbus/call.h"
#include "dbus/object.h"
#include "tests/unit/private-bus.h"

#define ROOT "/org/jpkid1"
#define THING ROOT "/thing/1"
#define OTHER "/org/freedesktop/Other"
#define THING_INTERFACE "org.jpkid1.Test"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

enum {
	RECORD_MAX = 16,
	TURNS_MAX = 2000,
	LEVEL_SIZE = 16,
};

struct thing {
	sd_event *event;
	struct bus *bus;
	struct object_tree *tree;
	struct object *root, *object;
	DBusConnection *client;
	struct call *held; /* the last Hold() */
	unsigned int gone; /* callers that were noticed to leave */
	uint32_t count;
	char level[LEVEL_SIZE];
	DBusMessage *record[RECORD_MAX]; /* what the client got but the replies to client_call() */
	size_t record_count;
	unsigned int round_trips; /* calls of the service to the bus, as a monitor sees them */
};

/*
 * Methods: Echo (s, s); Hold, Many (s, a{sv}), which stay open as thing.held; Fail (s), which fails
 * as its argument says; Bump, which adds 1 to Count. Properties: Constant (s), Count (u), Level (s,
 * can be set). A signal Moved (s).
 */
extern const struct interface thing_interface;
extern const struct interface *const thing_interfaces[];
/* One without members. */
extern const struct interface *const empty_interfaces[];
/* One with a property that the bus does not carry. */
extern const struct interface broken_interface;
extern const struct interface *const broken_interfaces[];

/* For cmocka: the thing is *state, with empty_interfaces at ROOT and thing_interfaces at THING. */
int thing_set_up(void **state);
int thing_tear_down(void **state);

const char *thing_service_name(const struct thing *thing);

#define thing_message(thing, path, interface, member, ...)                                         \
	client_message(thing_service_name(thing), path, interface, member, __VA_ARGS__)
DBusMessage *thing_echo(const struct thing *thing, const char *path, const char *interface);

/* Sends (the message is consumed), and returns the reply. */
DBusMessage *thing_ask(struct thing *thing, DBusMessage *message);
void thing_assert_answer(struct thing *thing, DBusMessage *message, const char *signature);

/* The first value of a message, a string. */
const char *message_text(DBusMessage *message);

/* Calls a method of the thing without waiting. */
void thing_send_call(struct thing *thing, DBusConnection *client, const char *member);
struct call *thing_hold(struct thing *thing, DBusConnection *client);

/* Turns until all that was sent so far has been received. */
void thing_settle(struct thing *thing);
void thing_forget_record(struct thing *thing);
