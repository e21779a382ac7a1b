/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.freedesktop.DBus.Introspectable: the tables as XML. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dbus/object-tree.h"
#include "dbus/path.h"

#define CONSTANT_PROPERTY_END                                                                      \
	">\n"                                                                                      \
	"   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\""                 \
	" value=\"const\"/>\n"                                                                     \
	"  </property>\n"

static void print_arguments(FILE *xml, const struct argument *arguments, const char *direction)
{
	for (; arguments && arguments->name; arguments++)
		fprintf(xml, "   <arg name=\"%s\" type=\"%s\"%s/>\n", arguments->name,
			arguments->signature, direction);
}

static void print_methods(FILE *xml, const struct method *method)
{
	for (; method && method->name; method++) {
		fprintf(xml, "  <method name=\"%s\">\n", method->name);
		print_arguments(xml, method->in, " direction=\"in\"");
		print_arguments(xml, method->out, " direction=\"out\"");
		fputs("  </method>\n", xml);
	}
}

static void print_properties(FILE *xml, const struct property *property)
{
	for (; property && property->name; property++) {
		fprintf(xml, "  <property name=\"%s\" type=\"%s\" access=\"%s\"", property->name,
			property->signature, property->set ? "readwrite" : "read");
		fputs(property->constant ? CONSTANT_PROPERTY_END : "/>\n", xml);
	}
}

static void print_signals(FILE *xml, const struct signal *signal)
{
	for (; signal && signal->name; signal++) {
		fprintf(xml, "  <signal name=\"%s\">\n", signal->name);
		print_arguments(xml, signal->arguments, "");
		fputs("  </signal>\n", xml);
	}
}

static void print_interfaces(FILE *xml, const struct interface *const *interfaces)
{
	for (; *interfaces; interfaces++) {
		fprintf(xml, " <interface name=\"%s\">\n", (*interfaces)->name);
		print_methods(xml, (*interfaces)->methods);
		print_properties(xml, (*interfaces)->properties);
		print_signals(xml, (*interfaces)->signals);
		fputs(" </interface>\n", xml);
	}
}

/* Whether an older object has led to the same child of @path. */
static bool child_printed(const struct object *object, const char *path,
			  struct path_component child)
{
	const char *name = object->path + child.offset;
	const struct object *older;

	TAILQ_FOREACH(older, &object->tree->objects, link) {
		const struct path_component other = path_component_below(path, older->path);

		if (older == object)
			return false;
		if (other.length == child.length &&
		    strncmp(older->path + other.offset, name, child.length) == 0)
			return true;
	}
	return false;
}

static void print_children(FILE *xml, const struct object_tree *tree, const char *path)
{
	const struct object *object;

	TAILQ_FOREACH(object, &tree->objects, link) {
		const struct path_component child = path_component_below(path, object->path);

		if (child.length > 0 && !child_printed(object, path, child))
			fprintf(xml, " <node name=\"%.*s\"/>\n", (int)child.length,
				object->path + child.offset);
	}
}

static const struct argument machine_id_out[] = { { "id", "s" }, { 0 } };

static const struct method peer_methods[] = {
	{ .name = "Ping" },
	{ .name = "GetMachineId", .out = machine_id_out },
	{ 0 },
};

static const struct interface peer_interface = {
	.name = DBUS_INTERFACE_PEER,
	.methods = peer_methods,
};

/* libdbus answers it, on every path. */
static const struct interface *const peer_interfaces[] = { &peer_interface, NULL };

/* The description of the object that the call is for. NULL: no memory. */
static char *introspect(const struct call *call)
{
	const char *path = dbus_message_get_path(call->message);
	char *text = NULL;
	size_t length;
	FILE *xml;

	xml = open_memstream(&text, &length);
	if (!xml)
		return NULL;
	fputs(DBUS_INTROSPECT_1_0_XML_DOCTYPE_DECL_NODE "<node>\n", xml);
	if (call->object)
		print_interfaces(xml, call->object->interfaces);
	print_interfaces(xml, call->standard);
	print_interfaces(xml, peer_interfaces);
	print_children(xml, call->tree, path);
	fputs("</node>\n", xml);
	if (fclose(xml) == EOF) {
		free(text);
		return NULL;
	}
	return text;
}

static void handle_introspect(struct call *call)
{
	CLEANUP(freep) char *xml = introspect(call);
	DBusMessage *reply = xml ? call_new_return(call) : NULL;
	struct writer writer;

	if (reply) {
		writer_begin(&writer, reply);
		writer_string(&writer, xml);
	}
	call_return_written(call, reply, &writer);
}

static const struct argument introspect_out[] = { { "xml", "s" }, { 0 } };

static const struct method introspectable_methods[] = {
	{ .name = "Introspect", .out = introspect_out, .handle = handle_introspect },
	{ 0 },
};

const struct interface introspectable_interface = {
	.name = DBUS_INTERFACE_INTROSPECTABLE,
	.methods = introspectable_methods,
};
