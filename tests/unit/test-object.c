/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/unit/thing.h"

/* --- dispatch ------ */

static void a_call_reaches_its_method(void **state)
{
	struct thing *thing = *state;
	DBusMessage *reply = thing_ask(thing, thing_echo(thing, THING, THING_INTERFACE));

	assert_string_equal(message_text(reply), "署名");
	dbus_message_unref(reply);
}

static void a_call_needs_no_interface(void **state)
{
	struct thing *thing = *state;

	thing_assert_answer(thing, thing_echo(thing, THING, NULL), "s");
	thing_assert_answer(
		thing, thing_message(thing, THING, NULL, "Introspect", DBUS_TYPE_INVALID), "s");
}

static void what_is_unknown_is_told_apart(void **state)
{
	struct thing *thing = *state;

	assert_error(thing_ask(thing, thing_echo(thing, ROOT "/thing/2", THING_INTERFACE)),
		     DBUS_ERROR_UNKNOWN_OBJECT);
	assert_error(thing_ask(thing, thing_echo(thing, ROOT "/thi", THING_INTERFACE)),
		     DBUS_ERROR_UNKNOWN_OBJECT);
	assert_error(thing_ask(thing, thing_echo(thing, THING "/more", THING_INTERFACE)),
		     DBUS_ERROR_UNKNOWN_OBJECT);
	assert_error(thing_ask(thing, thing_echo(thing, THING, "org.jpkid1.Tes")),
		     DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(thing_ask(thing, thing_echo(thing, ROOT, THING_INTERFACE)),
		     DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(thing_ask(thing, thing_echo(thing, ROOT "/thing", THING_INTERFACE)),
		     DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(thing_ask(thing, thing_echo(thing, THING, "org.jpkid1.Empty")),
		     DBUS_ERROR_UNKNOWN_METHOD);
	assert_error(thing_ask(thing, thing_message(thing, THING, THING_INTERFACE, "Ech",
						    DBUS_TYPE_INVALID)),
		     DBUS_ERROR_UNKNOWN_METHOD);
	assert_error(thing_ask(thing, thing_message(thing, THING, NULL, "Ech", DBUS_TYPE_INVALID)),
		     DBUS_ERROR_UNKNOWN_METHOD);
}

static void wrong_arguments_are_refused_with_the_right_ones(void **state)
{
	struct thing *thing = *state;
	const dbus_uint32_t number = 1;
	DBusMessage *reply = thing_ask(thing,
				       thing_message(thing, THING, THING_INTERFACE, "Many",
						     DBUS_TYPE_UINT32, &number, DBUS_TYPE_INVALID));

	assert_non_null(strstr(message_text(reply), "'sa{sv}'"));
	assert_error(reply, DBUS_ERROR_INVALID_ARGS);
	assert_error(thing_ask(thing, thing_message(thing, THING, THING_INTERFACE, "Echo",
						    DBUS_TYPE_INVALID)),
		     DBUS_ERROR_INVALID_ARGS);
	assert_null(thing->held);
}

static void who_wants_no_reply_gets_none(void **state)
{
	struct thing *thing = *state;
	DBusMessage *message = thing_message(thing, THING, THING_INTERFACE, "Bump",
					     DBUS_TYPE_INVALID);

	dbus_message_set_no_reply(message, TRUE);
	dbus_connection_send(thing->client, message, NULL);
	dbus_message_unref(message);
	message = thing_message(thing, THING, THING_INTERFACE, "Nothing", DBUS_TYPE_INVALID);
	dbus_message_set_no_reply(message, TRUE);
	dbus_connection_send(thing->client, message, NULL);
	dbus_message_unref(message);
	thing_settle(thing);

	assert_int_equal(thing->count, 1);
	assert_int_equal(thing->record_count, 1);
	assert_true(dbus_message_is_signal(thing->record[0], DBUS_INTERFACE_PROPERTIES,
					   "PropertiesChanged"));
}

static void errors_carry_a_second_value(void **state)
{
	struct thing *thing = *state;
	const char *kind = "u", *text;
	dbus_uint32_t tries;
	dbus_uint64_t end;
	DBusMessage *reply;

	reply = thing_ask(thing, thing_message(thing, THING, THING_INTERFACE, "Fail",
					       DBUS_TYPE_STRING, &kind, DBUS_TYPE_INVALID));
	assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_UINT32,
					  &tries, DBUS_TYPE_INVALID));
	assert_string_equal(text, "2 tries");
	assert_int_equal(tries, 2);
	assert_error(reply, "org.jpkid1.Error.PinIncorrect");

	kind = "t";
	reply = thing_ask(thing, thing_message(thing, THING, THING_INTERFACE, "Fail",
					       DBUS_TYPE_STRING, &kind, DBUS_TYPE_INVALID));
	assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_UINT64,
					  &end, DBUS_TYPE_INVALID));
	assert_true(end == UINT64_MAX);
	assert_error(reply, "org.jpkid1.Error.HeldOff");
}

static void the_text_of_an_error_is_made_fit_for_the_bus(void **state)
{
	struct thing *thing = *state;
	const char *kind = "invalid";
	DBusMessage *reply;

	reply = thing_ask(thing, thing_message(thing, THING, THING_INTERFACE, "Fail",
					       DBUS_TYPE_STRING, &kind, DBUS_TYPE_INVALID));
	assert_string_equal(message_text(reply), "署??????");
	assert_error(reply, "org.jpkid1.Error.CardError");

	kind = "long";
	reply = thing_ask(thing, thing_message(thing, THING, THING_INTERFACE, "Fail",
					       DBUS_TYPE_STRING, &kind, DBUS_TYPE_INVALID));
	assert_int_equal(strlen(message_text(reply)), 1023);
	assert_error(reply, DBUS_ERROR_FAILED);
}

static void a_reply_for_which_there_was_no_memory_is_an_error(void **state)
{
	struct thing *thing = *state;
	const char *kind = "memory";

	assert_error(thing_ask(thing, thing_message(thing, THING, THING_INTERFACE, "Fail",
						    DBUS_TYPE_STRING, &kind, DBUS_TYPE_INVALID)),
		     DBUS_ERROR_NO_MEMORY);
}

/* --- introspection ------ */

static void assert_introspects(struct thing *thing, const char *path, const char *const *parts)
{
	DBusMessage *reply = thing_ask(thing,
				       thing_message(thing, path, DBUS_INTERFACE_INTROSPECTABLE,
						     "Introspect", DBUS_TYPE_INVALID));
	const char *xml = message_text(reply);

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
		"   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" "
		"value=\"const\"/>\n"
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
	static const char *const org[] = {
		"<node name=\"jpkid1\"/>\n <node name=\"freedesktop\"/>\n</node>", NULL
	};
	static const char *const root[] = { OBJECT_MANAGER, "<node name=\"thing\"/>\n</node>",
					    NULL };
	static const char *const things[] = { "<node name=\"1\"/>\n <node name=\"2\"/>\n</node>",
					      NULL };
	static const char *const leaf[] = { " </interface>\n</node>", NULL };
	struct thing *thing = *state;
	struct object *second, *other;

	assert_int_equal(
		object_add(thing->tree, ROOT "/thing/2/deep", empty_interfaces, thing, &second), 0);
	assert_int_equal(object_add(thing->tree, OTHER, empty_interfaces, thing, &other), 0);
	assert_introspects(thing, "/", slash);
	assert_introspects(thing, "/org", org);
	assert_introspects(thing, ROOT, root);
	assert_introspects(thing, ROOT "/thing", things);
	assert_introspects(thing, THING, leaf);
	assert_error(thing_ask(thing, thing_message(thing, "/or", DBUS_INTERFACE_INTROSPECTABLE,
						    "Introspect", DBUS_TYPE_INVALID)),
		     DBUS_ERROR_UNKNOWN_OBJECT);
	thing_settle(thing);
}

/* --- ObjectManager ------ */

/* The entries of the array that is the first argument. */
static unsigned int count_entries(DBusMessage *message)
{
	DBusMessageIter iter;

	dbus_message_iter_init(message, &iter);
	return (unsigned int)dbus_message_iter_get_element_count(&iter);
}

static DBusMessage *managed(const struct thing *thing, const char *path)
{
	return thing_message(thing, path, OBJECT_MANAGER, "GetManagedObjects", DBUS_TYPE_INVALID);
}

static void the_root_manages_what_is_below_it(void **state)
{
	struct thing *thing = *state;
	struct object *other;
	DBusMessage *reply;
	DBusMessageIter iter, objects, entry;
	const char *path;

	assert_int_equal(object_add(thing->tree, OTHER, thing_interfaces, thing, &other), 0);
	reply = thing_ask(thing, managed(thing, ROOT));
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

	assert_error(thing_ask(thing, managed(thing, THING)), DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(thing_ask(thing, managed(thing, "/")), DBUS_ERROR_UNKNOWN_INTERFACE);
}

static void coming_and_going_is_announced(void **state)
{
	struct thing *thing = *state;
	struct object *second, *other;
	const char *path;
	char **interfaces;
	int count;

	assert_int_equal(object_add(thing->tree, OTHER, thing_interfaces, thing, &other), 0);
	assert_int_equal(object_add(thing->tree, ROOT "/thing/2", thing_interfaces, thing, &second),
			 0);
	assert_string_equal(object_path(second), ROOT "/thing/2");
	object_remove(second);
	object_remove(other);
	while (thing->record_count < 2)
		private_bus_turn(thing->event);
	thing_settle(thing);

	assert_true(dbus_message_is_signal(thing->record[0], OBJECT_MANAGER, "InterfacesAdded"));
	assert_string_equal(dbus_message_get_path(thing->record[0]), ROOT);
	assert_true(dbus_message_has_signature(thing->record[0], "oa{sa{sv}}"));
	assert_true(dbus_message_is_signal(thing->record[1], OBJECT_MANAGER, "InterfacesRemoved"));
	assert_true(dbus_message_get_args(thing->record[1], NULL, DBUS_TYPE_OBJECT_PATH, &path,
					  DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &interfaces, &count,
					  DBUS_TYPE_INVALID));
	assert_string_equal(path, ROOT "/thing/2");
	assert_int_equal(count, 2);
	assert_string_equal(interfaces[0], THING_INTERFACE);
	dbus_free_string_array(interfaces);
	assert_int_equal(thing->record_count, 2);
}

static void what_cannot_be_added_is_not(void **state)
{
	struct thing *thing = *state;
	struct object *object = NULL;

	assert_int_equal(object_add(thing->tree, THING, thing_interfaces, thing, &object), -EEXIST);
	assert_int_equal(object_add(thing->tree, "thing", thing_interfaces, thing, &object),
			 -EINVAL);
	assert_int_equal(object_add(thing->tree, ROOT "/broken", broken_interfaces, thing, &object),
			 -EINVAL);
	assert_null(object);
	assert_null(object_remove(NULL));
	assert_error(thing_ask(thing, managed(thing, ROOT "/broken")), DBUS_ERROR_UNKNOWN_OBJECT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, thing_set_up, thing_tear_down)

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
		TEST(an_object_describes_its_tables),
		TEST(the_tree_can_be_walked_from_its_root),
		TEST(the_root_manages_what_is_below_it),
		TEST(coming_and_going_is_announced),
		TEST(what_cannot_be_added_is_not),
	};

	return private_bus_run_tests("object", tests, LENGTH_OF(tests));
}
