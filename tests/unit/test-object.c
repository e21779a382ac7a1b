/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dbus/object.h"
#include "tests/unit/private-bus.h"

#define ROOT "/org/jpkid1"
#define THING ROOT "/thing/1"
#define OTHER "/org/freedesktop/Other"
#define TEST_INTERFACE "org.jpkid1.Test"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

enum {
	RECORD_MAX = 16,
	TURNS_MAX = 2000,
	LEVEL_SIZE = 16,
};

struct fixture {
	sd_event *event;
	struct bus *bus;
	struct object_tree *tree;
	struct object *root, *thing;
	DBusConnection *client;
	struct call *held;
	unsigned int gone;
	uint32_t count;
	char level[LEVEL_SIZE];
	DBusMessage *record[RECORD_MAX]; /* what the client got but the replies to client_call() */
	size_t record_count;
	unsigned int round_trips; /* calls of the service to the bus, as a monitor sees them */
};

/* --- the object under test ------------------------------------------------------------------------------------ */

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
	struct fixture *fixture = call_userdata(call);

	fixture->held = call;
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

static void handle_bump(struct call *call);

static void get_constant(const void *userdata, struct writer *writer)
{
	writer_string(writer, "forever");
}

static void get_count(const void *userdata, struct writer *writer)
{
	const struct fixture *fixture = userdata;

	writer_uint32(writer, fixture->count);
}

static void get_level(const void *userdata, struct writer *writer)
{
	const struct fixture *fixture = userdata;

	writer_string(writer, fixture->level);
}

static int set_level(void *userdata, DBusMessageIter *value)
{
	struct fixture *fixture = userdata;
	const char *level;

	dbus_message_iter_get_basic(value, &level);
	if (strlen(level) >= LEVEL_SIZE)
		return ANSWER_INVALID_ARGS;
	strcpy(fixture->level, level);
	return 0;
}

static void get_broken(const void *userdata, struct writer *writer)
{
	writer_string(writer, "\xff");
}

static const struct argument text_argument[] = { { "text", "s" }, { 0 } };
static const struct argument many_arguments[] = { { "text", "s" }, { "options", "a{sv}" }, { 0 } };

static const struct method test_methods[] = {
	{ .name = "Echo", .in = text_argument, .out = text_argument, .handle = handle_echo },
	{ .name = "Hold", .handle = handle_hold },
	{ .name = "Fail", .in = text_argument, .handle = handle_fail },
	{ .name = "Bump", .handle = handle_bump },
	{ .name = "Many", .in = many_arguments, .handle = handle_hold },
	{ 0 },
};

static const struct property test_properties[] = {
	{ .name = "Constant", .signature = "s", .constant = true, .get = get_constant },
	{ .name = "Count", .signature = "u", .get = get_count },
	{ .name = "Level", .signature = "s", .get = get_level, .set = set_level },
	{ 0 },
};

static const struct signal test_signals[] = {
	{ .name = "Moved", .arguments = text_argument },
	{ 0 },
};

static const struct interface test_interface = {
	.name = TEST_INTERFACE,
	.methods = test_methods,
	.properties = test_properties,
	.signals = test_signals,
};

static const struct property broken_properties[] = {
	{ .name = "Broken", .signature = "s", .get = get_broken },
	{ 0 },
};

static const struct interface broken_interface = {
	.name = "org.jpkid1.Broken",
	.properties = broken_properties,
};

static const struct interface empty_interface = { .name = "org.jpkid1.Empty" };

static const struct interface *const test_interfaces[] = { &test_interface, &empty_interface, NULL };
static const struct interface *const empty_interfaces[] = { &empty_interface, NULL };
static const struct interface *const broken_interfaces[] = { &broken_interface, NULL };

static void handle_bump(struct call *call)
{
	static const char *const names[] = { "Count", NULL };
	struct fixture *fixture = call_userdata(call);

	fixture->count++;
	object_changed(fixture->thing, &test_interface, names);
	call_return(call, call_new_return(call));
}

/* --- the client ----------------------------------------------------------------------------------------------- */

static DBusHandlerResult on_client_message(DBusConnection *connection, DBusMessage *message, void *userdata)
{
	struct fixture *fixture = userdata;

	if (!dbus_message_has_interface(message, DBUS_INTERFACE_DBUS) && fixture->record_count < RECORD_MAX)
		fixture->record[fixture->record_count++] = dbus_message_ref(message);
	return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

static void forget_record(struct fixture *fixture)
{
	while (fixture->record_count > 0)
		dbus_message_unref(fixture->record[--fixture->record_count]);
}

static const char *service_name(const struct fixture *fixture)
{
	return dbus_bus_get_unique_name(bus_connection(fixture->bus));
}

/* A client that hears the service's signals. */
static DBusConnection *open_client(struct fixture *fixture, uid_t uid)
{
	DBusConnection *client = client_open(uid);
	char rule[128];

	snprintf(rule, sizeof(rule), "type='signal',sender='%s'", service_name(fixture));
	dbus_bus_add_match(client, rule, NULL);
	dbus_connection_flush(client);
	dbus_connection_add_filter(client, on_client_message, fixture, NULL);
	return client;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || sd_event_new(&fixture->event) < 0 || bus_open(fixture->event, &fixture->bus) < 0 ||
	    object_tree_new(fixture->bus, ROOT, &fixture->tree) < 0 ||
	    object_add(fixture->tree, ROOT, empty_interfaces, fixture, &fixture->root) < 0 ||
	    object_add(fixture->tree, THING, test_interfaces, fixture, &fixture->thing) < 0)
		return -1;
	strcpy(fixture->level, "info");
	fixture->client = open_client(fixture, getuid());
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	forget_record(fixture);
	client_close(fixture->client);
	object_tree_free(fixture->tree);
	bus_free(fixture->bus);
	sd_event_unref(fixture->event);
	free(fixture);
	return 0;
}

#define message_to(fixture, path, interface, member, ...)                                          \
	client_message(service_name(fixture), path, interface, member, __VA_ARGS__)

static DBusMessage *ask(struct fixture *fixture, DBusMessage *message)
{
	return client_call(fixture->event, fixture->client, message);
}

static void assert_answer(struct fixture *fixture, DBusMessage *message, const char *signature)
{
	DBusMessage *reply = ask(fixture, message);

	assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_METHOD_RETURN);
	assert_string_equal(dbus_message_get_signature(reply), signature);
	dbus_message_unref(reply);
}

/* The text of an error; frees nothing. */
static const char *error_text(DBusMessage *reply)
{
	const char *text = NULL;

	dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);
	assert_non_null(text);
	return text;
}

static void send_call(struct fixture *fixture, DBusConnection *client, const char *member)
{
	DBusMessage *message = message_to(fixture, THING, TEST_INTERFACE, member, DBUS_TYPE_INVALID);

	dbus_connection_send(client, message, NULL);
	dbus_message_unref(message);
}

static struct call *hold(struct fixture *fixture, DBusConnection *client)
{
	fixture->held = NULL;
	send_call(fixture, client, "Hold");
	for (unsigned int i = 0; i < TURNS_MAX && !fixture->held; i++)
		private_bus_turn(fixture->event);
	assert_non_null(fixture->held);
	return fixture->held;
}

/* Until all that was sent so far has been received. */
static void settle(struct fixture *fixture)
{
	dbus_message_unref(ask(fixture, message_to(fixture, ROOT, DBUS_INTERFACE_PEER, "Ping", DBUS_TYPE_INVALID)));
}

/* --- dispatch ------------------------------------------------------------------------------------------------- */

static DBusMessage *echo(const struct fixture *fixture, const char *path, const char *interface)
{
	const char *text = "署名";

	return message_to(fixture, path, interface, "Echo", DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);
}

static void a_call_reaches_its_method(void **state)
{
	struct fixture *fixture = *state;
	DBusMessage *reply = ask(fixture, echo(fixture, THING, TEST_INTERFACE));

	assert_string_equal(error_text(reply), "署名");
	dbus_message_unref(reply);
}

static void a_call_needs_no_interface(void **state)
{
	struct fixture *fixture = *state;

	assert_answer(fixture, echo(fixture, THING, NULL), "s");
	assert_answer(fixture, message_to(fixture, THING, NULL, "Introspect", DBUS_TYPE_INVALID), "s");
}

static void what_is_unknown_is_told_apart(void **state)
{
	struct fixture *fixture = *state;

	assert_error(ask(fixture, echo(fixture, ROOT "/thing/2", TEST_INTERFACE)), DBUS_ERROR_UNKNOWN_OBJECT);
	assert_error(ask(fixture, echo(fixture, ROOT "/thi", TEST_INTERFACE)), DBUS_ERROR_UNKNOWN_OBJECT);
	assert_error(ask(fixture, echo(fixture, THING "/more", TEST_INTERFACE)), DBUS_ERROR_UNKNOWN_OBJECT);
	assert_error(ask(fixture, echo(fixture, THING, "org.jpkid1.Tes")), DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(ask(fixture, echo(fixture, ROOT, TEST_INTERFACE)), DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(ask(fixture, echo(fixture, ROOT "/thing", TEST_INTERFACE)), DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(ask(fixture, echo(fixture, THING, "org.jpkid1.Empty")), DBUS_ERROR_UNKNOWN_METHOD);
	assert_error(ask(fixture, message_to(fixture, THING, TEST_INTERFACE, "Ech", DBUS_TYPE_INVALID)),
		     DBUS_ERROR_UNKNOWN_METHOD);
	assert_error(ask(fixture, message_to(fixture, THING, NULL, "Ech", DBUS_TYPE_INVALID)),
		     DBUS_ERROR_UNKNOWN_METHOD);
}

static void wrong_arguments_are_refused_with_the_right_ones(void **state)
{
	struct fixture *fixture = *state;
	const dbus_uint32_t number = 1;
	DBusMessage *reply = ask(fixture, message_to(fixture, THING, TEST_INTERFACE, "Many", DBUS_TYPE_UINT32, &number,
						     DBUS_TYPE_INVALID));

	assert_non_null(strstr(error_text(reply), "'sa{sv}'"));
	assert_error(reply, DBUS_ERROR_INVALID_ARGS);
	assert_error(ask(fixture, message_to(fixture, THING, TEST_INTERFACE, "Echo", DBUS_TYPE_INVALID)),
		     DBUS_ERROR_INVALID_ARGS);
	assert_null(fixture->held);
}

static void who_wants_no_reply_gets_none(void **state)
{
	struct fixture *fixture = *state;
	DBusMessage *message = message_to(fixture, THING, TEST_INTERFACE, "Bump", DBUS_TYPE_INVALID);

	dbus_message_set_no_reply(message, TRUE);
	dbus_connection_send(fixture->client, message, NULL);
	dbus_message_unref(message);
	message = message_to(fixture, THING, TEST_INTERFACE, "Nothing", DBUS_TYPE_INVALID);
	dbus_message_set_no_reply(message, TRUE);
	dbus_connection_send(fixture->client, message, NULL);
	dbus_message_unref(message);
	settle(fixture);

	assert_int_equal(fixture->count, 1);
	assert_int_equal(fixture->record_count, 1);
	assert_true(dbus_message_is_signal(fixture->record[0], DBUS_INTERFACE_PROPERTIES, "PropertiesChanged"));
}

static void errors_carry_a_second_value(void **state)
{
	struct fixture *fixture = *state;
	const char *kind = "u", *text;
	dbus_uint32_t tries;
	dbus_uint64_t end;
	DBusMessage *reply;

	reply = ask(fixture, message_to(fixture, THING, TEST_INTERFACE, "Fail", DBUS_TYPE_STRING, &kind,
					DBUS_TYPE_INVALID));
	assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_UINT32, &tries,
					  DBUS_TYPE_INVALID));
	assert_string_equal(text, "2 tries");
	assert_int_equal(tries, 2);
	assert_error(reply, "org.jpkid1.Error.PinIncorrect");

	kind = "t";
	reply = ask(fixture, message_to(fixture, THING, TEST_INTERFACE, "Fail", DBUS_TYPE_STRING, &kind,
					DBUS_TYPE_INVALID));
	assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_UINT64, &end,
					  DBUS_TYPE_INVALID));
	assert_true(end == UINT64_MAX);
	assert_error(reply, "org.jpkid1.Error.HeldOff");
}

static void the_text_of_an_error_is_made_fit_for_the_bus(void **state)
{
	struct fixture *fixture = *state;
	const char *kind = "invalid";
	DBusMessage *reply;

	reply = ask(fixture, message_to(fixture, THING, TEST_INTERFACE, "Fail", DBUS_TYPE_STRING, &kind,
					DBUS_TYPE_INVALID));
	assert_string_equal(error_text(reply), "署??????");
	assert_error(reply, "org.jpkid1.Error.CardError");

	kind = "long";
	reply = ask(fixture, message_to(fixture, THING, TEST_INTERFACE, "Fail", DBUS_TYPE_STRING, &kind,
					DBUS_TYPE_INVALID));
	assert_int_equal(strlen(error_text(reply)), 1023);
	assert_error(reply, DBUS_ERROR_FAILED);
}

static void a_reply_for_which_there_was_no_memory_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	const char *kind = "memory";

	assert_error(ask(fixture, message_to(fixture, THING, TEST_INTERFACE, "Fail", DBUS_TYPE_STRING, &kind,
					     DBUS_TYPE_INVALID)),
		     DBUS_ERROR_NO_MEMORY);
}

/* --- calls and objects that go -------------------------------------------------------------------------------- */

static void on_gone(void *userdata)
{
	struct fixture *fixture = userdata;

	fixture->gone++;
}

static void on_gone_end(void *userdata)
{
	struct fixture *fixture = userdata;

	fixture->gone++;
	call_fail(fixture->held, ANSWER_CANCELLED, "Nobody waits");
}

static void a_call_outlives_its_object(void **state)
{
	struct fixture *fixture = *state;
	struct call *call = hold(fixture, fixture->client);

	assert_ptr_equal(call_userdata(call), fixture);
	assert_ptr_equal(call_object(call), fixture->thing);
	assert_string_equal(call_sender(call), dbus_bus_get_unique_name(fixture->client));
	assert_null(object_remove(fixture->thing));
	assert_null(call_userdata(call));
	assert_null(call_object(call));
	settle(fixture);
	forget_record(fixture);
	call_return(call, call_new_return(call));
	settle(fixture);
	assert_int_equal(fixture->record_count, 1);
	assert_int_equal(dbus_message_get_type(fixture->record[0]), DBUS_MESSAGE_TYPE_METHOD_RETURN);
	assert_error(ask(fixture, echo(fixture, THING, TEST_INTERFACE)), DBUS_ERROR_UNKNOWN_OBJECT);
}

static void a_caller_that_leaves_is_noticed_once(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *caller = client_open(getuid());
	struct call *call = hold(fixture, caller);

	call_on_gone(call, on_gone, fixture);
	settle(fixture);
	assert_int_equal(fixture->gone, 0);
	client_close(caller);
	for (unsigned int i = 0; i < TURNS_MAX && fixture->gone == 0; i++)
		private_bus_turn(fixture->event);
	settle(fixture);
	assert_int_equal(fixture->gone, 1);
	call_return(call, call_new_return(call));
}

static void a_call_can_end_when_its_caller_leaves(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *caller = client_open(getuid());

	call_on_gone(hold(fixture, caller), on_gone_end, fixture);
	client_close(caller);
	for (unsigned int i = 0; i < TURNS_MAX && fixture->gone == 0; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->gone, 1);
}

static void a_caller_that_has_left_before_is_noticed_at_once(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *caller = client_open(getuid());
	struct call *first = hold(fixture, caller);
	struct call *second = hold(fixture, caller);

	call_on_gone(first, on_gone, fixture);
	client_close(caller);
	for (unsigned int i = 0; i < TURNS_MAX && fixture->gone == 0; i++)
		private_bus_turn(fixture->event);
	settle(fixture);
	call_on_gone(second, on_gone, fixture);
	assert_int_equal(fixture->gone, 2);
	call_return(first, NULL);
	call_return(second, NULL);
}

/* Its name is gone before the service can ask for it. */
static void a_caller_that_leaves_right_after_its_call_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *caller = client_open(getuid());
	char *name = strdup(dbus_bus_get_unique_name(caller));

	send_call(fixture, caller, "Hold");
	dbus_connection_flush(caller);
	client_close(caller);
	while (dbus_bus_name_has_owner(fixture->client, name, NULL))
		;
	for (unsigned int i = 0; i < TURNS_MAX && !fixture->held; i++)
		private_bus_turn(fixture->event);
	assert_non_null(fixture->held);
	call_on_gone(fixture->held, on_gone, fixture);
	settle(fixture);
	assert_int_equal(fixture->gone, 1);
	call_return(fixture->held, NULL);
	free(name);
}

static void an_ended_call_hears_nothing_of_its_caller(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *caller = client_open(getuid());
	struct call *kept = hold(fixture, caller);
	struct call *ended = hold(fixture, caller);

	call_on_gone(ended, on_gone, fixture);
	call_return(ended, call_new_return(ended));
	call_on_gone(kept, on_gone, fixture);
	client_close(caller);
	for (unsigned int i = 0; i < TURNS_MAX && fixture->gone == 0; i++)
		private_bus_turn(fixture->event);
	settle(fixture);
	assert_int_equal(fixture->gone, 1);
	call_return(kept, NULL);
}

static void the_end_of_the_tree_is_the_end_of_open_calls(void **state)
{
	struct fixture *fixture = *state;

	call_on_gone(hold(fixture, fixture->client), on_gone_end, fixture);
	fixture->tree = object_tree_free(fixture->tree);
	assert_int_equal(fixture->gone, 1);
}

static DBusHandlerResult on_monitored(DBusConnection *connection, DBusMessage *message, void *userdata)
{
	struct fixture *fixture = userdata;

	if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL &&
	    dbus_message_has_sender(message, service_name(fixture)))
		fixture->round_trips++;
	return DBUS_HANDLER_RESULT_HANDLED;
}

static void only_the_first_call_of_a_peer_costs_messages_to_the_bus(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *monitor = client_open(getuid());
	const char *const rules[] = { "type='method_call',destination='" DBUS_SERVICE_DBUS "'" };
	const char *const *rule_list = rules;
	const dbus_uint32_t flags = 0;

	dbus_connection_add_filter(monitor, on_monitored, fixture, NULL);
	dbus_message_unref(client_call(fixture->event, monitor,
				       client_message(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_MONITORING,
						      "BecomeMonitor", DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &rule_list, 1,
						      DBUS_TYPE_UINT32, &flags, DBUS_TYPE_INVALID)));

	assert_answer(fixture, echo(fixture, THING, TEST_INTERFACE), "s");
	settle(fixture);
	assert_int_equal(fixture->round_trips, 2);
	for (unsigned int i = 0; i < 3; i++)
		assert_answer(fixture, echo(fixture, THING, TEST_INTERFACE), "s");
	settle(fixture);
	assert_int_equal(fixture->round_trips, 2);
}

static void more_callers_than_match_rules_are_served_and_noticed(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *callers[PRIVATE_BUS_RULES_MAX + 4];

	for (size_t i = 0; i < LENGTH_OF(callers); i++) {
		callers[i] = client_open(getuid());
		dbus_message_unref(client_call(fixture->event, callers[i], echo(fixture, THING, TEST_INTERFACE)));
	}
	call_on_gone(hold(fixture, callers[LENGTH_OF(callers) - 1]), on_gone_end, fixture);
	for (size_t i = LENGTH_OF(callers); i > 0; i--)
		client_close(callers[i - 1]);
	for (unsigned int i = 0; i < TURNS_MAX && fixture->gone == 0; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->gone, 1);
}

/* --- properties ----------------------------------------------------------------------------------------------- */

static DBusMessage *get(const struct fixture *fixture, const char *path, const char *interface, const char *name)
{
	return message_to(fixture, path, DBUS_INTERFACE_PROPERTIES, "Get", DBUS_TYPE_STRING, &interface,
			  DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
}

static DBusMessage *get_all(const struct fixture *fixture, const char *path, const char *interface)
{
	return message_to(fixture, path, DBUS_INTERFACE_PROPERTIES, "GetAll", DBUS_TYPE_STRING, &interface,
			  DBUS_TYPE_INVALID);
}

static DBusMessage *set(const struct fixture *fixture, const char *name, int type, const void *value)
{
	const char signature[] = { (char)type, '\0' };
	const char *interface = TEST_INTERFACE;
	DBusMessage *message = message_to(fixture, THING, DBUS_INTERFACE_PROPERTIES, "Set", DBUS_TYPE_STRING, &interface,
					  DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
	DBusMessageIter iter, variant;

	dbus_message_iter_init_append(message, &iter);
	assert_true(dbus_message_iter_open_container(&iter, DBUS_TYPE_VARIANT, signature, &variant));
	assert_true(dbus_message_iter_append_basic(&variant, type, value));
	assert_true(dbus_message_iter_close_container(&iter, &variant));
	return message;
}

/* The entries of the array that is the first argument. */
static unsigned int count_entries(DBusMessage *message)
{
	DBusMessageIter iter;

	dbus_message_iter_init(message, &iter);
	return (unsigned int)dbus_message_iter_get_element_count(&iter);
}

static unsigned int count_all(struct fixture *fixture, const char *path, const char *interface)
{
	DBusMessage *reply = ask(fixture, get_all(fixture, path, interface));
	unsigned int count;

	assert_true(dbus_message_has_signature(reply, "a{sv}"));
	count = count_entries(reply);
	dbus_message_unref(reply);
	return count;
}

static void a_property_is_got(void **state)
{
	struct fixture *fixture = *state;
	DBusMessage *reply;
	DBusMessageIter iter, variant;
	dbus_uint32_t count;

	fixture->count = 7;
	reply = ask(fixture, get(fixture, THING, TEST_INTERFACE, "Count"));
	assert_true(dbus_message_has_signature(reply, "v"));
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &variant);
	assert_int_equal(dbus_message_iter_get_arg_type(&variant), DBUS_TYPE_UINT32);
	dbus_message_iter_get_basic(&variant, &count);
	assert_int_equal(count, 7);
	dbus_message_unref(reply);
	assert_answer(fixture, get(fixture, THING, "", "Constant"), "v");
}

static void all_properties_are_got(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(count_all(fixture, THING, TEST_INTERFACE), 3);
	assert_int_equal(count_all(fixture, THING, ""), 3);
	assert_int_equal(count_all(fixture, THING, "org.jpkid1.Empty"), 0);
	assert_int_equal(count_all(fixture, THING, DBUS_INTERFACE_PROPERTIES), 0);
	assert_int_equal(count_all(fixture, ROOT, ""), 0);
}

static void unknown_properties_are_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_error(ask(fixture, get(fixture, THING, TEST_INTERFACE, "None")), DBUS_ERROR_UNKNOWN_PROPERTY);
	assert_error(ask(fixture, get(fixture, THING, "org.jpkid1.Empty", "Count")), DBUS_ERROR_UNKNOWN_PROPERTY);
	assert_error(ask(fixture, get(fixture, THING, "", "None")), DBUS_ERROR_UNKNOWN_PROPERTY);
	assert_error(ask(fixture, get(fixture, THING, "org.jpkid1.None", "Count")), DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(ask(fixture, get_all(fixture, THING, "org.jpkid1.None")), DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(ask(fixture, get_all(fixture, ROOT "/thing", "")), DBUS_ERROR_UNKNOWN_INTERFACE);
}

static void a_property_without_a_setter_is_read_only(void **state)
{
	struct fixture *fixture = *state;
	const dbus_uint32_t number = 3;
	const char *text = "text";

	assert_error(ask(fixture, set(fixture, "Count", DBUS_TYPE_UINT32, &number)), DBUS_ERROR_PROPERTY_READ_ONLY);
	assert_error(ask(fixture, set(fixture, "None", DBUS_TYPE_STRING, &text)), DBUS_ERROR_UNKNOWN_PROPERTY);
	assert_int_equal(fixture->count, 0);
}

static void root_sets_a_property_and_everybody_hears_of_it(void **state)
{
	struct fixture *fixture = *state;
	const char *level = "debug", *long_level = "a level that is too long";
	const dbus_uint32_t number = 3;

	if (getuid() != 0)
		skip();
	assert_answer(fixture, set(fixture, "Level", DBUS_TYPE_STRING, &level), "");
	assert_string_equal(fixture->level, "debug");
	assert_int_equal(fixture->record_count, 1);
	assert_true(dbus_message_is_signal(fixture->record[0], DBUS_INTERFACE_PROPERTIES, "PropertiesChanged"));
	assert_error(ask(fixture, set(fixture, "Level", DBUS_TYPE_UINT32, &number)), DBUS_ERROR_INVALID_ARGS);
	assert_error(ask(fixture, set(fixture, "Level", DBUS_TYPE_STRING, &long_level)), DBUS_ERROR_INVALID_ARGS);
	assert_string_equal(fixture->level, "debug");
}

static void others_do_not_set_a_property(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *other = client_open(other_uid());
	const char *level = "debug";

	for (unsigned int i = 0; i < 2; i++)
		assert_error(client_call(fixture->event, other, set(fixture, "Level", DBUS_TYPE_STRING, &level)),
			     DBUS_ERROR_ACCESS_DENIED);
	assert_string_equal(fixture->level, "info");
}

static void a_change_is_heard_before_the_reply(void **state)
{
	struct fixture *fixture = *state;
	const char *interface;
	DBusMessageIter iter, changed, entry, variant;
	dbus_uint32_t count;

	assert_answer(fixture, message_to(fixture, THING, TEST_INTERFACE, "Bump", DBUS_TYPE_INVALID), "");
	assert_int_equal(fixture->record_count, 1);
	assert_true(dbus_message_is_signal(fixture->record[0], DBUS_INTERFACE_PROPERTIES, "PropertiesChanged"));

	assert_true(dbus_message_has_signature(fixture->record[0], "sa{sv}as"));
	dbus_message_iter_init(fixture->record[0], &iter);
	dbus_message_iter_get_basic(&iter, &interface);
	assert_string_equal(interface, TEST_INTERFACE);
	dbus_message_iter_next(&iter);
	assert_int_equal(dbus_message_iter_get_element_count(&iter), 1);
	dbus_message_iter_recurse(&iter, &changed);
	dbus_message_iter_recurse(&changed, &entry);
	dbus_message_iter_next(&entry);
	dbus_message_iter_recurse(&entry, &variant);
	dbus_message_iter_get_basic(&variant, &count);
	assert_int_equal(count, 1);
}

/* --- introspection -------------------------------------------------------------------------------------------- */

static void assert_introspects(struct fixture *fixture, const char *path, const char *const *parts)
{
	DBusMessage *reply = ask(fixture, message_to(fixture, path, DBUS_INTERFACE_INTROSPECTABLE, "Introspect",
						     DBUS_TYPE_INVALID));
	const char *xml = error_text(reply);

	for (; *parts; parts++)
		assert_non_null(strstr(xml, *parts));
	dbus_message_unref(reply);
}

static void an_object_describes_its_tables(void **state)
{
	static const char *const parts[] = {
		"<!DOCTYPE node",
		" <interface name=\"org.jpkid1.Test\">\n"
		"  <method name=\"Echo\">\n"
		"   <arg name=\"text\" type=\"s\" direction=\"in\"/>\n"
		"   <arg name=\"text\" type=\"s\" direction=\"out\"/>\n"
		"  </method>\n",
		"  <property name=\"Constant\" type=\"s\" access=\"read\">\n"
		"   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" value=\"const\"/>\n"
		"  </property>\n"
		"  <property name=\"Count\" type=\"u\" access=\"read\"/>\n"
		"  <property name=\"Level\" type=\"s\" access=\"readwrite\"/>\n"
		"  <signal name=\"Moved\">\n"
		"   <arg name=\"text\" type=\"s\"/>\n"
		"  </signal>\n"
		" </interface>\n",
		"<interface name=\"org.jpkid1.Empty\">",
		"<interface name=\"org.freedesktop.DBus.Properties\">",
		"<interface name=\"org.freedesktop.DBus.Introspectable\">",
		"<interface name=\"org.freedesktop.DBus.Peer\">",
		NULL,
	};

	assert_introspects(*state, THING, parts);
}

static void the_tree_can_be_walked_from_its_root(void **state)
{
	static const char *const slash[] = { "<node name=\"org\"/>\n</node>", NULL };
	static const char *const org[] = { "<node name=\"jpkid1\"/>\n <node name=\"freedesktop\"/>\n</node>", NULL };
	static const char *const root[] = { OBJECT_MANAGER, "<node name=\"thing\"/>\n</node>", NULL };
	static const char *const things[] = { "<node name=\"1\"/>\n <node name=\"2\"/>\n</node>", NULL };
	static const char *const leaf[] = { " </interface>\n</node>", NULL };
	struct fixture *fixture = *state;
	struct object *second, *other;

	assert_int_equal(object_add(fixture->tree, ROOT "/thing/2/deep", empty_interfaces, fixture, &second), 0);
	assert_int_equal(object_add(fixture->tree, OTHER, empty_interfaces, fixture, &other), 0);
	assert_introspects(fixture, "/", slash);
	assert_introspects(fixture, "/org", org);
	assert_introspects(fixture, ROOT, root);
	assert_introspects(fixture, ROOT "/thing", things);
	assert_introspects(fixture, THING, leaf);
	assert_error(ask(fixture, message_to(fixture, "/or", DBUS_INTERFACE_INTROSPECTABLE, "Introspect",
					     DBUS_TYPE_INVALID)),
		     DBUS_ERROR_UNKNOWN_OBJECT);
	settle(fixture);
}

/* --- ObjectManager -------------------------------------------------------------------------------------------- */

static DBusMessage *managed(const struct fixture *fixture, const char *path)
{
	return message_to(fixture, path, OBJECT_MANAGER, "GetManagedObjects", DBUS_TYPE_INVALID);
}

static void the_root_manages_what_is_below_it(void **state)
{
	struct fixture *fixture = *state;
	struct object *other;
	DBusMessage *reply;
	DBusMessageIter iter, objects, entry;
	const char *path;

	assert_int_equal(object_add(fixture->tree, OTHER, test_interfaces, fixture, &other), 0);
	reply = ask(fixture, managed(fixture, ROOT));
	assert_true(dbus_message_has_signature(reply, "a{oa{sa{sv}}}"));
	assert_int_equal(count_entries(reply), 1);
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &objects);
	dbus_message_iter_recurse(&objects, &entry);
	dbus_message_iter_get_basic(&entry, &path);
	assert_string_equal(path, THING);
	dbus_message_iter_next(&entry);
	assert_int_equal(dbus_message_iter_get_element_count(&entry), 2);
	dbus_message_unref(reply);

	assert_error(ask(fixture, managed(fixture, THING)), DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(ask(fixture, managed(fixture, "/")), DBUS_ERROR_UNKNOWN_INTERFACE);
}

static void coming_and_going_is_announced(void **state)
{
	struct fixture *fixture = *state;
	struct object *second, *other;
	const char *path;
	char **interfaces;
	int count;

	assert_int_equal(object_add(fixture->tree, OTHER, test_interfaces, fixture, &other), 0);
	assert_int_equal(object_add(fixture->tree, ROOT "/thing/2", test_interfaces, fixture, &second), 0);
	assert_string_equal(object_path(second), ROOT "/thing/2");
	object_remove(second);
	object_remove(other);
	while (fixture->record_count < 2)
		private_bus_turn(fixture->event);
	settle(fixture);

	assert_true(dbus_message_is_signal(fixture->record[0], OBJECT_MANAGER, "InterfacesAdded"));
	assert_string_equal(dbus_message_get_path(fixture->record[0]), ROOT);
	assert_true(dbus_message_has_signature(fixture->record[0], "oa{sa{sv}}"));
	assert_true(dbus_message_is_signal(fixture->record[1], OBJECT_MANAGER, "InterfacesRemoved"));
	assert_true(dbus_message_get_args(fixture->record[1], NULL, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_ARRAY,
					  DBUS_TYPE_STRING, &interfaces, &count, DBUS_TYPE_INVALID));
	assert_string_equal(path, ROOT "/thing/2");
	assert_int_equal(count, 2);
	assert_string_equal(interfaces[0], TEST_INTERFACE);
	dbus_free_string_array(interfaces);
	assert_int_equal(fixture->record_count, 2);
}

static void what_cannot_be_added_is_not(void **state)
{
	struct fixture *fixture = *state;
	struct object *object = NULL;

	assert_int_equal(object_add(fixture->tree, THING, test_interfaces, fixture, &object), -EEXIST);
	assert_int_equal(object_add(fixture->tree, "thing", test_interfaces, fixture, &object), -EINVAL);
	assert_int_equal(object_add(fixture->tree, ROOT "/broken", broken_interfaces, fixture, &object), -EINVAL);
	assert_null(object);
	assert_null(object_remove(NULL));
	assert_error(ask(fixture, managed(fixture, ROOT "/broken")), DBUS_ERROR_UNKNOWN_OBJECT);
}

/* A getter that gives what the bus does not carry must not end the process. */
static void a_broken_property_fails_its_call_only(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = { "Broken", NULL };
	struct object *object = NULL;

	assert_int_equal(object_add(fixture->tree, OTHER, broken_interfaces, fixture, &object), 0);
	assert_error(ask(fixture, get(fixture, OTHER, "", "Broken")), DBUS_ERROR_FAILED);
	assert_error(ask(fixture, get_all(fixture, OTHER, "")), DBUS_ERROR_FAILED);
	forget_record(fixture);
	object_changed(object, &broken_interface, names);
	settle(fixture);
	assert_int_equal(fixture->record_count, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_reaches_its_method),
		TEST(a_call_needs_no_interface),
		TEST(what_is_unknown_is_told_apart),
		TEST(wrong_arguments_are_refused_with_the_right_ones),
		TEST(who_wants_no_reply_gets_none),
		TEST(errors_carry_a_second_value),
		TEST(the_text_of_an_error_is_made_fit_for_the_bus),
		TEST(a_reply_for_which_there_was_no_memory_is_an_error),
		TEST(a_call_outlives_its_object),
		TEST(a_caller_that_leaves_is_noticed_once),
		TEST(a_call_can_end_when_its_caller_leaves),
		TEST(a_caller_that_has_left_before_is_noticed_at_once),
		TEST(a_caller_that_leaves_right_after_its_call_is_noticed),
		TEST(an_ended_call_hears_nothing_of_its_caller),
		TEST(the_end_of_the_tree_is_the_end_of_open_calls),
		TEST(only_the_first_call_of_a_peer_costs_messages_to_the_bus),
		TEST(more_callers_than_match_rules_are_served_and_noticed),
		TEST(a_property_is_got),
		TEST(all_properties_are_got),
		TEST(unknown_properties_are_refused),
		TEST(a_property_without_a_setter_is_read_only),
		TEST(root_sets_a_property_and_everybody_hears_of_it),
		TEST(others_do_not_set_a_property),
		TEST(a_change_is_heard_before_the_reply),
		TEST(an_object_describes_its_tables),
		TEST(the_tree_can_be_walked_from_its_root),
		TEST(the_root_manages_what_is_below_it),
		TEST(coming_and_going_is_announced),
		TEST(what_cannot_be_added_is_not),
		TEST(a_broken_property_fails_its_call_only),
	};

	return private_bus_run_tests("object", tests, LENGTH_OF(tests));
}
