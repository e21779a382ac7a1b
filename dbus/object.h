/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects on the bus, described by const tables: one table drives dispatch, the check of types, the
 * polkit action, the accepted options and introspection. The standard interfaces (Properties,
 * Introspectable, ObjectManager at the root object) are tables too.
 */
#pragma once

#include "base/error.h"
#include "dbus/bus.h"

struct object;
struct call;
struct peers;

struct argument {
	const char *name; /* NULL ends a list */
	const char *signature;
};

struct method {
	const char *name; /* NULL ends a list */
	const struct argument *in;
	const struct argument *out;
	const char *action;   /* the polkit action that the caller needs; NULL: everyone may */
	unsigned int options; /* of the trailing a{sv}: a set of OPTION_… of the program's own */
	/*
	 * Owns @call: ends it with one of the call_…() functions, now or later. Types are as the
	 * table says.
	 */
	void (*handle)(struct call *call);
};

struct property {
	const char *name; /* NULL ends a list */
	const char *signature;
	bool constant; /* EmitsChangedSignal=const */
	void (*get)(const void *userdata, struct writer *writer);
	/*
	 * NULL: read-only. Only uid 0 may set; @value has the type of the property. 0 (which is
	 * announced), an answer or a negative errno.
	 */
	int (*set)(void *userdata, DBusMessageIter *value);
};

struct signal {
	const char *name; /* NULL ends a list */
	const struct argument *arguments;
};

struct interface {
	const char *name;
	const struct method *methods; /* each list may be NULL */
	const struct property *properties;
	const struct signal *signals;
};

/*
 * The objects of one connection; @root ("/org/jpkid1") has ObjectManager for those below it. Owned
 * by the caller. object_tree_free() removes the objects that are left, after their calls have
 * ended: it tells those that have not that their caller has gone, which is the last chance to end
 * them.
 */
struct object_tree;
int object_tree_new(struct bus *bus, const char *root, struct object_tree **ret_tree);
struct object_tree *object_tree_free(struct object_tree *tree);

/*
 * Adds an object and announces it (InterfacesAdded). @interfaces is a NULL-terminated static list;
 * @userdata is what the tables' functions get, and outlives the object. object_remove() announces
 * InterfacesRemoved; calls that are still open on it keep running, but call_userdata() then is
 * NULL. Removing NULL is allowed; returns NULL.
 */
int object_add(struct object_tree *tree, const char *path,
	       const struct interface *const *interfaces, void *userdata,
	       struct object **ret_object);
struct object *object_remove(struct object *object);
const char *object_path(const struct object *object);

/*
 * Announces that properties of @interface have new values: @names is a NULL-terminated list. The
 * values are read at the end of this turn of the loop at the latest, and always before any reply
 * that is sent after this call.
 */
void object_changed(struct object *object, const struct interface *interface,
		    const char *const *names);

/* A method call that somebody waits for. */
struct bus *call_bus(const struct call *call);
DBusMessage *call_message(const struct call *call); /* borrowed */
const struct method *call_method(const struct call *call);
const char *call_sender(const struct call *call);
pid_t call_pid(const struct call *call); /* of the sender once authority_check() is done; or 0 */
void *call_userdata(const struct call *call); /* of the object; NULL once it is removed */
struct peers *call_peers(const struct call *call); /* to watch the sender for longer than the call */
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
void call_return(struct call *call,
		 DBusMessage *reply); /* drops the caller's reference; NULL reply: NoMemory */
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
