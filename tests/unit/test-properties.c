/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/unit/thing.h"

static DBusMessage *get(const struct thing *thing, const char *path, const char *interface,
			const char *name)
{
	return thing_message(thing, path, DBUS_INTERFACE_PROPERTIES, "Get", DBUS_TYPE_STRING,
			     &interface, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
}

static DBusMessage *get_all(const struct thing *thing, const char *path, const char *interface)
{
	return thing_message(thing, path, DBUS_INTERFACE_PROPERTIES, "GetAll", DBUS_TYPE_STRING,
			     &interface, DBUS_TYPE_INVALID);
}

static DBusMessage *set(const struct thing *thing, const char *name, int type, const void *value)
{
	const char signature[] = { (char)type, '\0' };
	const char *interface = THING_INTERFACE;
	DBusMessage *message = thing_message(thing, THING, DBUS_INTERFACE_PROPERTIES, "Set",
					     DBUS_TYPE_STRING, &interface, DBUS_TYPE_STRING, &name,
					     DBUS_TYPE_INVALID);
	DBusMessageIter iter, variant;

	dbus_message_iter_init_append(message, &iter);
	assert_true(
		dbus_message_iter_open_container(&iter, DBUS_TYPE_VARIANT, signature, &variant));
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

static unsigned int count_all(struct thing *thing, const char *path, const char *interface)
{
	DBusMessage *reply = thing_ask(thing, get_all(thing, path, interface));
	unsigned int count;

	assert_true(dbus_message_has_signature(reply, "a{sv}"));
	count = count_entries(reply);
	dbus_message_unref(reply);
	return count;
}

static void a_property_is_got(void **state)
{
	struct thing *thing = *state;
	DBusMessage *reply;
	DBusMessageIter iter, variant;
	dbus_uint32_t count;

	thing->count = 7;
	reply = thing_ask(thing, get(thing, THING, THING_INTERFACE, "Count"));
	assert_true(dbus_message_has_signature(reply, "v"));
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &variant);
	assert_int_equal(dbus_message_iter_get_arg_type(&variant), DBUS_TYPE_UINT32);
	dbus_message_iter_get_basic(&variant, &count);
	assert_int_equal(count, 7);
	dbus_message_unref(reply);
	thing_assert_answer(thing, get(thing, THING, "", "Constant"), "v");
}

static void all_properties_are_got(void **state)
{
	struct thing *thing = *state;

	assert_int_equal(count_all(thing, THING, THING_INTERFACE), 3);
	assert_int_equal(count_all(thing, THING, ""), 3);
	assert_int_equal(count_all(thing, THING, "org.jpkid1.Empty"), 0);
	assert_int_equal(count_all(thing, THING, DBUS_INTERFACE_PROPERTIES), 0);
	assert_int_equal(count_all(thing, ROOT, ""), 0);
}

static void unknown_properties_are_refused(void **state)
{
	struct thing *thing = *state;

	assert_error(thing_ask(thing, get(thing, THING, THING_INTERFACE, "None")),
		     DBUS_ERROR_UNKNOWN_PROPERTY);
	assert_error(thing_ask(thing, get(thing, THING, "org.jpkid1.Empty", "Count")),
		     DBUS_ERROR_UNKNOWN_PROPERTY);
	assert_error(thing_ask(thing, get(thing, THING, "", "None")), DBUS_ERROR_UNKNOWN_PROPERTY);
	assert_error(thing_ask(thing, get(thing, THING, "org.jpkid1.None", "Count")),
		     DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(thing_ask(thing, get_all(thing, THING, "org.jpkid1.None")),
		     DBUS_ERROR_UNKNOWN_INTERFACE);
	assert_error(thing_ask(thing, get_all(thing, ROOT "/thing", "")),
		     DBUS_ERROR_UNKNOWN_INTERFACE);
}

static void a_property_without_a_setter_is_read_only(void **state)
{
	struct thing *thing = *state;
	const dbus_uint32_t number = 3;
	const char *text = "text";

	assert_error(thing_ask(thing, set(thing, "Count", DBUS_TYPE_UINT32, &number)),
		     DBUS_ERROR_PROPERTY_READ_ONLY);
	assert_error(thing_ask(thing, set(thing, "None", DBUS_TYPE_STRING, &text)),
		     DBUS_ERROR_UNKNOWN_PROPERTY);
	assert_int_equal(thing->count, 0);
}

static void root_sets_a_property_and_everybody_hears_of_it(void **state)
{
	struct thing *thing = *state;
	const char *level = "debug", *long_level = "a level that is too long";
	const dbus_uint32_t number = 3;

	if (getuid() != 0)
		skip();
	thing_assert_answer(thing, set(thing, "Level", DBUS_TYPE_STRING, &level), "");
	assert_string_equal(thing->level, "debug");
	assert_int_equal(thing->record_count, 1);
	assert_true(dbus_message_is_signal(thing->record[0], DBUS_INTERFACE_PROPERTIES,
					   "PropertiesChanged"));
	assert_error(thing_ask(thing, set(thing, "Level", DBUS_TYPE_UINT32, &number)),
		     DBUS_ERROR_INVALID_ARGS);
	assert_error(thing_ask(thing, set(thing, "Level", DBUS_TYPE_STRING, &long_level)),
		     DBUS_ERROR_INVALID_ARGS);
	assert_string_equal(thing->level, "debug");
}

static void others_do_not_set_a_property(void **state)
{
	struct thing *thing = *state;
	DBusConnection *other = client_open(other_uid());
	const char *level = "debug";

	for (unsigned int i = 0; i < 2; i++)
		assert_error(client_call(thing->event, other,
					 set(thing, "Level", DBUS_TYPE_STRING, &level)),
			     DBUS_ERROR_ACCESS_DENIED);
	assert_string_equal(thing->level, "info");
}

static void a_change_is_heard_before_the_reply(void **state)
{
	struct thing *thing = *state;
	const char *interface;
	DBusMessageIter iter, changed, entry, variant;
	dbus_uint32_t count;

	thing_assert_answer(
		thing, thing_message(thing, THING, THING_INTERFACE, "Bump", DBUS_TYPE_INVALID), "");
	assert_int_equal(thing->record_count, 1);
	assert_true(dbus_message_is_signal(thing->record[0], DBUS_INTERFACE_PROPERTIES,
					   "PropertiesChanged"));

	assert_true(dbus_message_has_signature(thing->record[0], "sa{sv}as"));
	dbus_message_iter_init(thing->record[0], &iter);
	dbus_message_iter_get_basic(&iter, &interface);
	assert_string_equal(interface, THING_INTERFACE);
	dbus_message_iter_next(&iter);
	assert_int_equal(dbus_message_iter_get_element_count(&iter), 1);
	dbus_message_iter_recurse(&iter, &changed);
	dbus_message_iter_recurse(&changed, &entry);
	dbus_message_iter_next(&entry);
	dbus_message_iter_recurse(&entry, &variant);
	dbus_message_iter_get_basic(&variant, &count);
	assert_int_equal(count, 1);
}

/* A getter that gives what the bus does not carry must not end the process. */
static void a_broken_property_fails_its_call_only(void **state)
{
	struct thing *thing = *state;
	static const char *const names[] = { "Broken", NULL };
	struct object *object = NULL;

	assert_int_equal(object_add(thing->tree, OTHER, broken_interfaces, thing, &object), 0);
	assert_error(thing_ask(thing, get(thing, OTHER, "", "Broken")), DBUS_ERROR_FAILED);
	assert_error(thing_ask(thing, get_all(thing, OTHER, "")), DBUS_ERROR_FAILED);
	thing_forget_record(thing);
	object_changed(object, &broken_interface, names);
	thing_settle(thing);
	assert_int_equal(thing->record_count, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, thing_set_up, thing_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_property_is_got),
		TEST(all_properties_are_got),
		TEST(unknown_properties_are_refused),
		TEST(a_property_without_a_setter_is_read_only),
		TEST(root_sets_a_property_and_everybody_hears_of_it),
		TEST(others_do_not_set_a_property),
		TEST(a_change_is_heard_before_the_reply),
		TEST(a_broken_property_fails_its_call_only),
	};

	return private_bus_run_tests("properties", tests, LENGTH_OF(tests));
}
