/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the standard interfaces need to know of the objects and of calls; dbus/object.h and
 * dbus/call.h have what everybody else does.
 */
#pragma once

#include <sys/queue.h>

#include "dbus/call.h"
#include "dbus/object.h"
#include "dbus/peer.h"

struct object {
	struct object_tree *tree;
	char *path;
	const struct interface *const *interfaces; /* ends with NULL; without the standard ones */
	void *userdata;
	TAILQ_ENTRY(object) link;
};

struct object_tree {
	struct bus *bus;
	char *root;
	struct peers *peers;
	TAILQ_HEAD(, object) objects; /* oldest first */
	LIST_HEAD(, call) calls;      /* that have not ended */
};

struct call {
	struct object_tree *tree;
	struct object *object; /* NULL: removed meanwhile, or a path that only leads to objects */
	const struct interface *const *standard; /* those of its path; ends with NULL */
	const struct method *method;
	DBusMessage *message;
	struct peer_watch watch; /* of the caller */
	bool left;               /* the caller has */
	void (*gone)(void *userdata);
	void *gone_userdata;
	LIST_ENTRY(call) link; /* object_tree::calls */
};

/* NULL: no memory. @message is borrowed and kept. */
struct call *call_new(struct object_tree *tree, DBusMessage *message);

/* Notes when the caller leaves the bus. 0 or -ENOMEM. */
int call_watch(struct call *call);

/* call_return() of a reply that @writer wrote, unless it failed. @reply NULL: no memory. */
void call_return_written(struct call *call, DBusMessage *reply, struct writer *writer);

extern const struct interface introspectable_interface;
extern const struct interface properties_interface;
extern const struct interface object_manager_interface;

/* Appends a{sv}: all properties of one interface. */
void properties_append(struct writer *writer, const struct object *object,
		       const struct interface *interface);

/*
 * Announce an object, if it is one that ObjectManager knows. The first: 0, or a negative errno,
 * and nothing is sent.
 */
int object_manager_added(const struct object *object);
void object_manager_removed(const struct object *object);
