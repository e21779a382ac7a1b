/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects on the bus, described by tables. The standard interfaces (Properties, Introspectable,
 * ObjectManager at the root object) are tables too.
 */
#pragma once

#include "dbus/bus.h"
#include "dbus/interface.h"

struct object;

/*
 * The objects of one connection; @root ("/org/jpkid1") has ObjectManager for those below it. 0 or
 * -ENOMEM. Owned by the caller. object_tree_free() removes the objects that are left, after their
 * calls have ended: it tells those that have not that their caller has gone, which is the last
 * chance to end them.
 */
struct object_tree;
int object_tree_new(struct bus *bus, const char *root, struct object_tree **ret_tree);
struct object_tree *object_tree_free(struct object_tree *tree);

/*
 * Adds an object and announces it (InterfacesAdded). 0, -EINVAL (no object path), -EEXIST (there is
 * one at @path), or -ENOMEM. @interfaces is a NULL-terminated static list; @userdata is what the
 * tables' functions get, and outlives the object. object_remove() announces
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
 * values are read and sent now, and so before any reply that is sent after this call.
 */
void object_changed(struct object *object, const struct interface *interface,
		    const char *const *names);
