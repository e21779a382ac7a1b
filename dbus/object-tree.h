/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the standard interfaces need to know of the objects; dbus/object.h has what everybody else
 * does.
 */
#pragma once

#include <sys/queue.h>

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

/*
 * The standard interfaces that @path has, up to a NULL: all those of an object, Introspectable
 * where objects are only further down.
 */
const struct interface *const *object_standard_interfaces(const struct object_tree *tree,
							  const char *path);

/*
 * The first component of @descendant below @path, as its offset and length in @descendant; length
 * 0: not below.
 */
struct path_component {
	size_t offset, length;
};
struct path_component path_component_below(const char *path, const char *descendant);

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
