/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A method call from its arrival to its end, as its handler sees it. */
#pragma once

#include "base/error.h"
#include "dbus/bus.h"
#include "dbus/interface.h"

struct peers;

struct bus *call_bus(const struct call *call);
DBusMessage *call_message(const struct call *call); /* borrowed */
const struct method *call_method(const struct call *call);
const char *call_sender(const struct call *call);
pid_t call_pid(const struct call *call); /* of the sender once authority_check() is done; or 0 */
void *call_userdata(const struct call *call); /* of the object; NULL once it is removed */
struct peers *call_peers(const struct call *call); /* to watch the sender beyond the call's end */
bool call_wants_reply(const struct call *call);
bool call_interactive(const struct call *call); /* the caller allows interactive authorization */

/*
 * Runs @gone, once, when the caller has left the bus before the call has ended; at once where it
 * left before. The call must still be ended (@gone may do it); what is sent then goes nowhere.
 */
void call_on_gone(struct call *call, void (*gone)(void *userdata), void *userdata);

/* How a call ends; each frees @call. */
/* A message for the answer; fill it with a writer and give it to call_return(). NULL: no memory. */
DBusMessage *call_new_return(struct call *call);
/* Drops the caller's reference to @reply; NULL: NoMemory. */
void call_return(struct call *call, DBusMessage *reply);
/* @format is a sentence that a person can act on. */
__attribute__((format(printf, 3, 4))) void call_fail(struct call *call, enum answer answer,
						     const char *format, ...);
/* Likewise, with a second value in the body: PinIncorrect's tries left (u), HeldOff's end (t). */
__attribute__((format(printf, 4, 5))) void call_fail_uint64(struct call *call, enum answer answer,
							    uint64_t value, const char *format,
							    ...);
__attribute__((format(printf, 4, 5))) void call_fail_uint32(struct call *call, enum answer answer,
							    uint32_t value, const char *format,
							    ...);
