/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.freedesktop.DBus.Properties */
#include <string.h>

#include "base/cleanup.h"
#include "dbus/authority.h"
#include "dbus/object-tree.h"

static void property_append(struct writer *writer, const struct object *object,
			    const struct property *property)
{
	struct writer variant;

	writer_open(writer, &variant, DBUS_TYPE_VARIANT, property->signature);
	property->get(object->userdata, &variant);
	writer_close(&variant);
}

static void property_append_entry(struct writer *dictionary, const struct object *object,
				  const struct property *property)
{
	struct writer entry;

	writer_open(dictionary, &entry, DBUS_TYPE_DICT_ENTRY, NULL);
	writer_string(&entry, property->name);
	property_append(&entry, object, property);
	writer_close(&entry);
}

static void properties_append_entries(struct writer *dictionary, const struct object *object,
				      const struct interface *interface)
{
	const struct property *property = interface->properties;

	for (; property && property->name; property++)
		property_append_entry(dictionary, object, property);
}

void properties_append(struct writer *writer, const struct object *object,
		       const struct interface *interface)
{
	struct writer dictionary;

	writer_open(writer, &dictionary, DBUS_TYPE_ARRAY, "{sv}");
	properties_append_entries(&dictionary, object, interface);
	writer_close(&dictionary);
}

static bool interfaces_have(const struct interface *const *interfaces, const char *name)
{
	for (; *interfaces; interfaces++)
		if (strcmp((*interfaces)->name, name) == 0)
			return true;
	return false;
}

/*
 * Whether @name, an argument of @call, is one of its object's interfaces. An empty one means all
 * of them.
 */
static bool interface_known(const struct call *call, const char *name)
{
	const struct object *object = call->object;

	return *name == '\0' || interfaces_have(object->interfaces, name) ||
	       interfaces_have(call->standard, name);
}

static bool interface_meant(const struct interface *interface, const char *name)
{
	return *name == '\0' || strcmp(interface->name, name) == 0;
}

static const struct property *property_find(const struct interface *interface, const char *name)
{
	const struct property *property = interface->properties;

	for (; property && property->name; property++)
		if (strcmp(property->name, name) == 0)
			return property;
	return NULL;
}

static void fail_unknown_interface(struct call *call, const char *name)
{
	call_fail(call, ANSWER_UNKNOWN_INTERFACE, "%s has no interface %s", call->object->path,
		  name);
}

/*
 * The property that the first two arguments of the call name. NULL: there is none, and the call
 * has ended.
 */
static const struct property *call_property(struct call *call,
					    const struct interface **ret_interface)
{
	const struct interface *const *interface = call->object->interfaces;
	const char *interface_name = "", *name = "";

	dbus_message_get_args(call->message, NULL, DBUS_TYPE_STRING, &interface_name,
			      DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
	for (; *interface; interface++) {
		const struct property *property = interface_meant(*interface, interface_name) ?
							  property_find(*interface, name) :
							  NULL;

		if (property) {
			*ret_interface = *interface;
			return property;
		}
	}
	if (interface_known(call, interface_name))
		call_fail(call, ANSWER_UNKNOWN_PROPERTY, "%s has no property %s",
			  call->object->path, name);
	else
		fail_unknown_interface(call, interface_name);
	return NULL;
}

static void handle_get(struct call *call)
{
	const struct interface *interface;
	const struct property *property = call_property(call, &interface);
	struct writer writer;
	DBusMessage *reply;

	if (!property)
		return;
	reply = call_new_return(call);
	if (reply) {
		writer_begin(&writer, reply);
		property_append(&writer, call->object, property);
	}
	call_return_written(call, reply, &writer);
}

static void handle_get_all(struct call *call)
{
	const struct interface *const *interface = call->object->interfaces;
	struct writer writer, dictionary;
	const char *name = "";
	DBusMessage *reply;

	dbus_message_get_args(call->message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
	if (!interface_known(call, name)) {
		fail_unknown_interface(call, name);
		return;
	}
	reply = call_new_return(call);
	if (reply) {
		writer_begin(&writer, reply);
		writer_open(&writer, &dictionary, DBUS_TYPE_ARRAY, "{sv}");
		for (; *interface; interface++)
			if (interface_meant(*interface, name))
				properties_append_entries(&dictionary, call->object, *interface);
		writer_close(&dictionary);
	}
	call_return_written(call, reply, &writer);
}

/* The value that a Set brings; false: it has another type. */
static bool call_value(struct call *call, const struct property *property,
		       DBusMessageIter *ret_value)
{
	DBusMessageIter arguments;
	char *signature;
	bool fits;

	dbus_message_iter_init(call->message, &arguments);
	dbus_message_iter_next(&arguments);
	dbus_message_iter_next(&arguments);
	dbus_message_iter_recurse(&arguments, ret_value);
	signature = dbus_message_iter_get_signature(ret_value);
	fits = signature && strcmp(signature, property->signature) == 0;
	dbus_free(signature);
	return fits;
}

static void property_set(struct call *call, const struct interface *interface,
			 const struct property *property)
{
	const char *const changed[] = { property->name, NULL };
	DBusMessageIter value;
	int r;

	if (!call_value(call, property, &value)) {
		call_fail(call, ANSWER_INVALID_ARGS, "The type of %s is '%s'", property->name,
			  property->signature);
		return;
	}
	r = property->set(call->object->userdata, &value);
	if (r != 0) {
		call_fail(call, r > 0 ? (enum answer)r : ANSWER_FAILED, "%s cannot be set so",
			  property->name);
		return;
	}
	object_changed(call->object, interface, changed);
	call_return(call, call_new_return(call));
}

static void on_authorized(int result, uid_t uid, void *userdata)
{
	struct call *call = userdata;
	const struct interface *interface;
	const struct property *property;

	if (result != 0) {
		call_fail(call, ANSWER_ACCESS_DENIED, "Only root may set this property");
		return;
	}
	if (!call->object) {
		call_fail(call, ANSWER_UNKNOWN_OBJECT, "The object has gone");
		return;
	}
	property = call_property(call, &interface);
	if (property)
		property_set(call, interface, property);
}

static void handle_set(struct call *call)
{
	const struct interface *interface;
	const struct property *property = call_property(call, &interface);
	struct authorization *authorization;

	if (!property)
		return;
	if (!property->set) {
		call_fail(call, ANSWER_PROPERTY_READ_ONLY, "%s cannot be set", property->name);
		return;
	}
	authority_check(call, NULL, on_authorized, call, &authorization);
}

void object_changed(struct object *object, const struct interface *interface,
		    const char *const *names)
{
	CLEANUP(message_unrefp) DBusMessage *signal = NULL;
	struct writer writer, changed, invalidated;

	signal = dbus_message_new_signal(object->path, DBUS_INTERFACE_PROPERTIES,
					 "PropertiesChanged");
	if (!signal)
		return;
	writer_begin(&writer, signal);
	writer_string(&writer, interface->name);
	writer_open(&writer, &changed, DBUS_TYPE_ARRAY, "{sv}");
	for (; *names; names++) {
		const struct property *property = property_find(interface, *names);

		if (property)
			property_append_entry(&changed, object, property);
	}
	writer_close(&changed);
	writer_open(&writer, &invalidated, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING_AS_STRING);
	writer_close(&invalidated);
	if (writer_finish(&writer) == 0)
		bus_send(object->tree->bus, TAKE(signal));
}

static const struct argument get_in[] = { { "interface", "s" }, { "name", "s" }, { 0 } };
static const struct argument get_out[] = { { "value", "v" }, { 0 } };
static const struct argument get_all_in[] = { { "interface", "s" }, { 0 } };
static const struct argument get_all_out[] = { { "properties", "a{sv}" }, { 0 } };
static const struct argument set_in[] = {
	{ "interface", "s" },
	{ "name", "s" },
	{ "value", "v" },
	{ 0 },
};
static const struct argument changed_arguments[] = {
	{ "interface", "s" },
	{ "changed", "a{sv}" },
	{ "invalidated", "as" },
	{ 0 },
};

static const struct method properties_methods[] = {
	{ .name = "Get", .in = get_in, .out = get_out, .handle = handle_get },
	{ .name = "GetAll", .in = get_all_in, .out = get_all_out, .handle = handle_get_all },
	{ .name = "Set", .in = set_in, .handle = handle_set },
	{ 0 },
};

static const struct signal properties_signals[] = {
	{ .name = "PropertiesChanged", .arguments = changed_arguments },
	{ 0 },
};

const struct interface properties_interface = {
	.name = DBUS_INTERFACE_PROPERTIES,
	.methods = properties_methods,
	.signals = properties_signals,
};
