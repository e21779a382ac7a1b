/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.freedesktop.DBus.ObjectManager, at the root of the tree. */
#include <errno.h>

#include "base/cleanup.h"
#include "dbus/object-tree.h"
#include "dbus/path.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

static bool object_managed(const struct object *object)
{
	return path_component_below(object->tree->root, object->path).length > 0;
}

/* a{sa{sv}} */
static void append_interfaces(struct writer *writer, const struct object *object)
{
	const struct interface *const *interface = object->interfaces;
	struct writer dictionary, entry;

	writer_open(writer, &dictionary, DBUS_TYPE_ARRAY, "{sa{sv}}");
	for (; *interface; interface++) {
		writer_open(&dictionary, &entry, DBUS_TYPE_DICT_ENTRY, NULL);
		writer_string(&entry, (*interface)->name);
		properties_append(&entry, object, *interface);
		writer_close(&entry);
	}
	writer_close(&dictionary);
}

static void append_objects(struct writer *writer, const struct object_tree *tree)
{
	const struct object *object;
	struct writer dictionary, entry;

	writer_open(writer, &dictionary, DBUS_TYPE_ARRAY, "{oa{sa{sv}}}");
	TAILQ_FOREACH(object, &tree->objects, link) {
		if (!object_managed(object))
			continue;
		writer_open(&dictionary, &entry, DBUS_TYPE_DICT_ENTRY, NULL);
		writer_path(&entry, object->path);
		append_interfaces(&entry, object);
		writer_close(&entry);
	}
	writer_close(&dictionary);
}

static void handle_get_managed_objects(struct call *call)
{
	DBusMessage *reply = call_new_return(call);
	struct writer writer;

	if (reply) {
		writer_begin(&writer, reply);
		append_objects(&writer, call->tree);
	}
	call_return_written(call, reply, &writer);
}

int object_manager_added(const struct object *object)
{
	CLEANUP(message_unrefp) DBusMessage *signal = NULL;
	struct writer writer;
	int r;

	if (!object_managed(object))
		return 0;
	signal = dbus_message_new_signal(object->tree->root, OBJECT_MANAGER, "InterfacesAdded");
	if (!signal)
		return -ENOMEM;
	writer_begin(&writer, signal);
	writer_path(&writer, object->path);
	append_interfaces(&writer, object);
	r = writer_finish(&writer);
	if (r < 0)
		return r;
	bus_send(object->tree->bus, TAKE(signal));
	return 0;
}

void object_manager_removed(const struct object *object)
{
	const struct interface *const *interface = object->interfaces;
	CLEANUP(message_unrefp) DBusMessage *signal = NULL;
	struct writer writer, names;

	if (!object_managed(object))
		return;
	signal = dbus_message_new_signal(object->tree->root, OBJECT_MANAGER, "InterfacesRemoved");
	if (!signal)
		return;
	writer_begin(&writer, signal);
	writer_path(&writer, object->path);
	writer_open(&writer, &names, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING_AS_STRING);
	for (; *interface; interface++)
		writer_string(&names, (*interface)->name);
	writer_close(&names);
	if (writer_finish(&writer) == 0)
		bus_send(object->tree->bus, TAKE(signal));
}

static const struct argument managed_out[] = { { "objects", "a{oa{sa{sv}}}" }, { 0 } };
static const struct argument added_arguments[] = {
	{ "object", "o" },
	{ "interfaces", "a{sa{sv}}" },
	{ 0 },
};
static const struct argument removed_arguments[] = {
	{ "object", "o" },
	{ "interfaces", "as" },
	{ 0 },
};

static const struct method object_manager_methods[] = {
	{ .name = "GetManagedObjects", .out = managed_out, .handle = handle_get_managed_objects },
	{ 0 },
};

static const struct signal object_manager_signals[] = {
	{ .name = "InterfacesAdded", .arguments = added_arguments },
	{ .name = "InterfacesRemoved", .arguments = removed_arguments },
	{ 0 },
};

const struct interface object_manager_interface = {
	.name = OBJECT_MANAGER,
	.methods = object_manager_methods,
	.signals = object_manager_signals,
};
