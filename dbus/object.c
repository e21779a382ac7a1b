/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects of a connection, and the way of a message to the one that it is for. */
#include "dbus/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dbus/object-tree.h"
#include "dbus/path.h"

static const struct interface *const node_interfaces[] = { &introspectable_interface, NULL };
static const struct interface *const object_interfaces[] = {
	&introspectable_interface,
	&properties_interface,
	NULL,
};
static const struct interface *const root_interfaces[] = {
	&introspectable_interface,
	&properties_interface,
	&object_manager_interface,
	NULL,
};

static struct object *tree_find(const struct object_tree *tree, const char *path)
{
	struct object *object;

	TAILQ_FOREACH(object, &tree->objects, link)
		if (strcmp(object->path, path) == 0)
			return object;
	return NULL;
}

/* Whether objects are further down than @path. */
static bool tree_leads_on(const struct object_tree *tree, const char *path)
{
	const struct object *object;

	TAILQ_FOREACH(object, &tree->objects, link)
		if (path_component_below(path, object->path).length > 0)
			return true;
	return false;
}

static const struct interface *const *standard_interfaces(const struct object_tree *tree,
							  const struct object *object)
{
	if (!object)
		return node_interfaces;
	return strcmp(object->path, tree->root) == 0 ? root_interfaces : object_interfaces;
}

/* Where a message goes. */
struct route {
	bool interface_known;
	bool standard; /* the method is one of a standard interface */
	const struct method *method;
};

static void route_find(struct route *route, const struct interface *const *interfaces,
		       DBusMessage *message)
{
	const char *name = dbus_message_get_interface(message);
	const char *member = dbus_message_get_member(message);

	for (; *interfaces && !route->method; interfaces++) {
		const struct method *method = (*interfaces)->methods;

		if (name && strcmp((*interfaces)->name, name) != 0)
			continue;
		route->interface_known = true;
		for (; method && method->name; method++) {
			if (strcmp(method->name, member) == 0) {
				route->method = method;
				break;
			}
		}
	}
}

static struct route call_route(const struct call *call)
{
	struct route route = { .method = NULL };

	if (call->object)
		route_find(&route, call->object->interfaces, call->message);
	if (route.method)
		return route;
	route_find(&route, call->standard, call->message);
	route.standard = true;
	return route;
}

/* The arguments' signatures one after the other; the tables' stay below the limit of the bus. */
static void arguments_signature(const struct argument *arguments,
				char signature[static DBUS_MAXIMUM_SIGNATURE_LENGTH + 1])
{
	char *end = signature;

	*end = '\0';
	for (; arguments && arguments->name; arguments++)
		end = stpcpy(end, arguments->signature);
}

static void tree_dispatch(struct object_tree *tree, struct call *call, DBusMessage *message)
{
	char signature[DBUS_MAXIMUM_SIGNATURE_LENGTH + 1];
	const char *path = dbus_message_get_path(message);
	const char *interface = dbus_message_get_interface(message);
	const char *member = dbus_message_get_member(message);
	struct route route;

	call->object = tree_find(tree, path);
	if (!call->object && !tree_leads_on(tree, path)) {
		call_fail(call, ANSWER_UNKNOWN_OBJECT, "There is no object %s", path);
		return;
	}
	call->standard = standard_interfaces(tree, call->object);
	route = call_route(call);
	if (interface && !route.interface_known) {
		call_fail(call, ANSWER_UNKNOWN_INTERFACE, "%s has no interface %s", path,
			  interface);
		return;
	}
	if (!route.method) {
		call_fail(call, ANSWER_UNKNOWN_METHOD, "%s has no method %s%s%s", path,
			  interface ? interface : "", interface ? "." : "", member);
		return;
	}
	arguments_signature(route.method->in, signature);
	if (!dbus_message_has_signature(message, signature)) {
		call_fail(call, ANSWER_INVALID_ARGS,
			  "%s takes arguments of the types '%s', not '%s'", member, signature,
			  dbus_message_get_signature(message));
		return;
	}
	call->method = route.method;
	if (!route.standard && call_watch(call) < 0) {
		call_fail(call, ANSWER_NO_MEMORY, "Out of memory");
		return;
	}
	route.method->handle(call);
}

static DBusHandlerResult on_message(DBusConnection *connection, DBusMessage *message,
				    void *userdata)
{
	struct object_tree *tree = userdata;
	struct call *call;

	if (dbus_message_get_type(message) != DBUS_MESSAGE_TYPE_METHOD_CALL ||
	    !dbus_message_get_sender(message))
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	call = call_new(tree, message);
	if (!call)
		return DBUS_HANDLER_RESULT_NEED_MEMORY;
	tree_dispatch(tree, call, message);
	return DBUS_HANDLER_RESULT_HANDLED;
}

static const DBusObjectPathVTable tree_vtable = { .message_function = on_message };

int object_tree_new(struct bus *bus, const char *root, struct object_tree **ret_tree)
{
	struct object_tree *tree;
	int r;

	tree = calloc(1, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	tree->bus = bus;
	TAILQ_INIT(&tree->objects);
	tree->root = strdup(root);
	r = tree->root ? peers_new(bus, &tree->peers) : -ENOMEM;
	if (r == 0 &&
	    !dbus_connection_register_fallback(bus_connection(bus), "/", &tree_vtable, tree)) {
		peers_free(tree->peers);
		r = -ENOMEM;
	}
	if (r < 0) {
		free(tree->root);
		free(tree);
		return r;
	}
	*ret_tree = tree;
	return 0;
}

struct object_tree *object_tree_free(struct object_tree *tree)
{
	if (!tree)
		return NULL;
	dbus_connection_unregister_object_path(bus_connection(tree->bus), "/");
	peers_free(tree->peers);
	while (!TAILQ_EMPTY(&tree->objects))
		object_remove(TAILQ_FIRST(&tree->objects));
	free(tree->root);
	free(tree);
	return NULL;
}

static void object_free(struct object *object)
{
	free(object->path);
	free(object);
}

int object_add(struct object_tree *tree, const char *path,
	       const struct interface *const *interfaces, void *userdata,
	       struct object **ret_object)
{
	struct object *object;
	int r;

	if (!dbus_validate_path(path, NULL))
		return -EINVAL;
	if (tree_find(tree, path))
		return -EEXIST;

	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	*object = (struct object){
		.tree = tree,
		.path = strdup(path),
		.interfaces = interfaces,
		.userdata = userdata,
	};
	r = object->path ? object_manager_added(object) : -ENOMEM;
	if (r < 0) {
		object_free(object);
		return r;
	}
	TAILQ_INSERT_TAIL(&tree->objects, object, link);
	*ret_object = object;
	return 0;
}

struct object *object_remove(struct object *object)
{
	struct call *call;

	if (!object)
		return NULL;
	LIST_FOREACH(call, &object->tree->calls, link)
		if (call->object == object)
			call->object = NULL;
	TAILQ_REMOVE(&object->tree->objects, object, link);
	object_manager_removed(object);
	object_free(object);
	return NULL;
}

const char *object_path(const struct object *object)
{
	return object->path;
}
