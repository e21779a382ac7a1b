/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private connection to a bus that lives in an sd-event loop. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "dbus/message.h"

struct bus;

/*
 * Connects to the system bus (blocking for some seconds at most: call it before the service is
 * ready), and serves the connection from @event. -EINVAL: its address is none; -ETIMEDOUT: it does
 * not answer. *ret_bus is freed with bus_free(). When the bus goes away, @lost runs, once; NULL:
 * the loop then ends with -ECONNRESET. Never _exit().
 */
int bus_open(sd_event *event, void (*lost)(void *userdata), void *userdata, struct bus **ret_bus);
/*
 * Likewise to the bus at @address, and waits for none of its answers: a bus that hangs holds up
 * nothing but what is sent over it.
 */
int bus_open_at(sd_event *event, const char *address, void (*lost)(void *userdata), void *userdata,
		struct bus **ret_bus);
struct bus *bus_free(struct bus *bus);

/*
 * Owns a well-known name (blocking). -EEXIST where another process has it, -EACCES where the policy
 * refuses.
 */
int bus_request_name(struct bus *bus, const char *name);

/* While it is held, calls and replies wait: whoever calls is served when it is let go. */
void bus_hold(struct bus *bus, bool hold);

DBusConnection *bus_connection(struct bus *bus);

/*
 * Sends and drops the caller's reference. Nobody hears of a failure: the peer or the bus is then
 * gone.
 */
void bus_send(struct bus *bus, DBusMessage *message);
/* Likewise a method call, to a program that runs, of which no reply is wanted. */
void bus_tell(struct bus *bus, DBusMessage *message);

/*
 * Calls a method, without a time limit of its own; @message stays the caller's. @done gets the
 * reply (a method return or an error; borrowed); it runs from the loop, never from inside
 * bus_call(). *ret_pending (which may be NULL) can be given to bus_call_cancel() until @done is
 * called; cancelled, it is never called.
 */
struct bus_pending;
typedef void bus_reply(DBusMessage *reply, void *userdata);
int bus_call(struct bus *bus, DBusMessage *message, bus_reply *done, void *userdata,
	     struct bus_pending **ret_pending);
struct bus_pending *bus_call_cancel(struct bus_pending *pending);

/*
 * A kind of signals. @sender is a unique name or DBUS_SERVICE_DBUS: what another program sends in
 * the same words is not heard, to whomever it sends it.
 */
struct bus_signal {
	const char *sender;
	const char *path; /* NULL: of all objects */
	const char *interface, *member;
	const char *argument; /* the first one, a string; NULL: whatever it is */
};

/* The signal that tells who has @name from now on, see bus_new_owner(). */
struct bus_signal bus_owner_change(const char *name);

/*
 * Listens to a kind of signals, to which nobody else listens on this connection. @heard runs from
 * the loop until bus_match_remove(); @kind's strings are borrowed until then. 0 or -ENOMEM.
 */
struct bus_match;
typedef void bus_heard(DBusMessage *signal, void *userdata);
int bus_match_add(struct bus *bus, const struct bus_signal *kind, bus_heard *heard, void *userdata,
		  struct bus_match **ret_match);
/* NULL is allowed; returns NULL. */
struct bus_match *bus_match_remove(struct bus_match *match);

/* Of the signal of bus_owner_change(), borrowed: a unique name, or "" for nobody. */
const char *bus_new_owner(DBusMessage *signal);
