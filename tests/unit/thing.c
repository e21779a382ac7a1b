/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/thing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void handle_echo(struct call *call)
{
	DBusMessage *reply = call_new_return(call);
	struct writer writer;
	const char *text;

	dbus_message_get_args(call_message(call), NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);
	writer_begin(&writer, reply);
	writer_string(&writer, text);
	assert_int_equal(writer_finish(&writer), 0);
	call_return(call, reply);
}

static void handle_hold(struct call *call)
{
	struct thing *thing = call_userdata(call);

	thing->held = call;
}

static void handle_fail(struct call *call)
{
	const char *kind;

	dbus_message_get_args(call_message(call), NULL, DBUS_TYPE_STRING, &kind, DBUS_TYPE_INVALID);
	if (strcmp(kind, "u") == 0)
		call_fail_uint32(call, ANSWER_PIN_INCORRECT, 2, "%d tries", 2);
	else if (strcmp(kind, "t") == 0)
		call_fail_uint64(call, ANSWER_HELD_OFF, UINT64_MAX, "later");
	else if (strcmp(kind, "memory") == 0)
		call_return(call, NULL);
	else if (strcmp(kind, "long") == 0)
		call_fail(call, ANSWER_FAILED, "%3000s", "署");
	else
		call_fail(call, ANSWER_CARD_ERROR, "署\xff%s\xe7\xbd", "\xed\xa0\x80");
}

static void handle_bump(struct call *call)
{
	static const char *const names[] = { "Count", NULL };
	struct thing *thing = call_userdata(call);

	thing->count++;
	object_changed(thing->object, &thing_interface, names);
	call_return(call, call_new_return(call));
}

static void get_constant(const void *userdata, struct writer *writer)
{
	writer_string(writer, "forever");
}

static void get_count(const void *userdata, struct writer *writer)
{
	const struct thing *thing = userdata;

	writer_uint32(writer, thing->count);
}

static void get_level(const void *userdata, struct writer *writer)
{
	const struct thing *thing = userdata;

	writer_string(writer, thing->level);
}

static int set_level(void *userdata, DBusMessageIter *value)
{
	struct thing *thing = userdata;
	const char *level;

	dbus_message_iter_get_basic(value, &level);
	if (strlen(level) >= LEVEL_SIZE)
		return ANSWER_INVALID_ARGS;
	strcpy(thing->level, level);
	return 0;
}

static void get_broken(const void *userdata, struct writer *writer)
{
	writer_string(writer, "\xff");
}

static const struct argument text_argument[] = { { "text", "s" }, { 0 } };
static const struct argument many_arguments[] = { { "text", "s" }, { "options", "a{sv}" }, { 0 } };

static const struct method thing_methods[] = {
	{ .name = "Echo", .in = text_argument, .out = text_argument, .handle = handle_echo },
	{ .name = "Hold", .handle = handle_hold },
	{ .name = "Fail", .in = text_argument, .handle = handle_fail },
	{ .name = "Bump", .handle = handle_bump },
	{ .name = "Many", .in = many_arguments, .handle = handle_hold },
	{ 0 },
};

static const struct property thing_properties[] = {
	{ .name = "Constant", .signature = "s", .constant = true, .get = get_constant },
	{ .name = "Count", .signature = "u", .get = get_count },
	{ .name = "Level", .signature = "s", .get = get_level, .set = set_level },
	{ 0 },
};

static const struct signal thing_signals[] = {
	{ .name = "Moved", .arguments = text_argument },
	{ 0 },
};

const struct interface thing_interface = {
	.name = THING_INTERFACE,
	.methods = thing_methods,
	.properties = thing_properties,
	.signals = thing_signals,
};

static const struct property broken_properties[] = {
	{ .name = "Broken", .signature = "s", .get = get_broken },
	{ 0 },
};

const struct interface broken_interface = {
	.name = "org.jpkid1.Broken",
	.properties = broken_properties,
};

static const struct interface empty_interface = { .name = "org.jpkid1.Empty" };

const struct interface *const thing_interfaces[] = { &thing_interface, &empty_interface, NULL };
const struct interface *const empty_interfaces[] = { &empty_interface, NULL };
const struct interface *const broken_interfaces[] = { &broken_interface, NULL };

static DBusHandlerResult on_client_message(DBusConnection *connection, DBusMessage *message,
					   void *userdata)
{
	struct thing *thing = userdata;

	if (!dbus_message_has_interface(message, DBUS_INTERFACE_DBUS) &&
	    thing->record_count < RECORD_MAX)
		thing->record[thing->record_count++] = dbus_message_ref(message);
	return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

void thing_forget_record(struct thing *thing)
{
	while (thing->record_count > 0)
		dbus_message_unref(thing->record[--thing->record_count]);
}

const char *thing_service_name(const struct thing *thing)
{
	return dbus_bus_get_unique_name(bus_connection(thing->bus));
}

/* A client that hears the service's signals. */
static DBusConnection *open_client(struct thing *thing, uid_t uid)
{
	DBusConnection *client = client_open(uid);
	char rule[128];

	snprintf(rule, sizeof(rule), "type='signal',sender='%s'", thing_service_name(thing));
	dbus_bus_add_match(client, rule, NULL);
	dbus_connection_flush(client);
	dbus_connection_add_filter(client, on_client_message, thing, NULL);
	return client;
}

int thing_set_up(void **state)
{
	struct thing *thing = calloc(1, sizeof(*thing));

	if (!thing || sd_event_new(&thing->event) < 0 ||
	    bus_open(thing->event, NULL, NULL, &thing->bus) < 0 ||
	    object_tree_new(thing->bus, ROOT, &thing->tree) < 0 ||
	    object_add(thing->tree, ROOT, empty_interfaces, thing, &thing->root) < 0 ||
	    object_add(thing->tree, THING, thing_interfaces, thing, &thing->object) < 0)
		return -1;
	strcpy(thing->level, "info");
	thing->client = open_client(thing, getuid());
	*state = thing;
	return 0;
}

int thing_tear_down(void **state)
{
	struct thing *thing = *state;

	thing_forget_record(thing);
	clients_close();
	object_tree_free(thing->tree);
	bus_free(thing->bus);
	sd_event_unref(thing->event);
	free(thing);
	return 0;
}

DBusMessage *thing_ask(struct thing *thing, DBusMessage *message)
{
	return client_call(thing->event, thing->client, message);
}

void thing_assert_answer(struct thing *thing, DBusMessage *message, const char *signature)
{
	DBusMessage *reply = thing_ask(thing, message);

	assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_METHOD_RETURN);
	assert_string_equal(dbus_message_get_signature(reply), signature);
	dbus_message_unref(reply);
}

const char *message_text(DBusMessage *reply)
{
	const char *text = NULL;

	dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);
	assert_non_null(text);
	return text;
}

void thing_send_call(struct thing *thing, DBusConnection *client, const char *member)
{
	DBusMessage *message = thing_message(thing, THING, THING_INTERFACE, member,
					     DBUS_TYPE_INVALID);

	dbus_connection_send(client, message, NULL);
	dbus_message_unref(message);
}

struct call *thing_hold(struct thing *thing, DBusConnection *client)
{
	thing->held = NULL;
	thing_send_call(thing, client, "Hold");
	for (unsigned int i = 0; i < TURNS_MAX && !thing->held; i++)
		private_bus_turn(thing->event);
	assert_non_null(thing->held);
	return thing->held;
}

DBusMessage *thing_echo(const struct thing *thing, const char *path, const char *interface)
{
	const char *text = "署名";

	return thing_message(thing, path, interface, "Echo", DBUS_TYPE_STRING, &text,
			     DBUS_TYPE_INVALID);
}

void thing_settle(struct thing *thing)
{
	dbus_message_unref(thing_ask(
		thing, thing_message(thing, ROOT, DBUS_INTERFACE_PEER, "Ping", DBUS_TYPE_INVALID)));
}
