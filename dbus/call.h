/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A method call from its arrival to its end; dbus/object.h has what its handler sees of it. */
#pragma once

#include <sys/queue.h>

#include "dbus/object.h"
#include "dbus/peer.h"

struct call {
	struct object_tree *tree;
	struct object *object; /* NULL: removed meanwhile, or a path that only leads to objects */
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
