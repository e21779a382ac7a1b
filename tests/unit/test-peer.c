/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dbus/peer.h"
#include "tests/unit/thing.h"

/* What the bus says of everybody: fills an a{sv}. NULL: the truth. */
static void (*lie)(struct writer *credentials);

/* In place of libdbus's. */
DBusMessage *dbus_pending_call_steal_reply(DBusPendingCall *pending)
{
	DBusMessage *(*steal)(DBusPendingCall *) = dlsym(RTLD_NEXT, __func__);
	DBusMessage *reply = steal(pending), *forged;
	struct writer writer, credentials;

	if (!lie || !dbus_message_has_sender(reply, DBUS_SERVICE_DBUS) ||
	    !dbus_message_has_signature(reply, "a{sv}"))
		return reply;
	forged = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
	writer_begin(&writer, forged);
	writer_open(&writer, &credentials, DBUS_TYPE_ARRAY, "{sv}");
	lie(&credentials);
	writer_close(&credentials);
	assert_int_equal(writer_finish(&writer), 0);
	dbus_message_unref(reply);
	return forged;
}

static void on_gone(void *userdata)
{
	struct thing *thing = userdata;

	thing->gone++;
}

static void on_gone_end(void *userdata)
{
	struct thing *thing = userdata;

	thing->gone++;
	call_fail(thing->held, ANSWER_CANCELLED, "Nobody waits");
}

static void a_call_outlives_its_object(void **state)
{
	struct thing *thing = *state;
	struct call *call = thing_hold(thing, thing->client);

	assert_ptr_equal(call_userdata(call), thing);
	assert_string_equal(call_sender(call), dbus_bus_get_unique_name(thing->client));
	assert_null(object_remove(thing->object));
	assert_null(call_userdata(call));
	thing_settle(thing);
	thing_forget_record(thing);
	call_return(call, call_new_return(call));
	thing_settle(thing);
	assert_int_equal(thing->record_count, 1);
	assert_int_equal(dbus_message_get_type(thing->record[0]), DBUS_MESSAGE_TYPE_METHOD_RETURN);
	assert_error(thing_ask(thing, thing_echo(thing, THING, THING_INTERFACE)),
		     DBUS_ERROR_UNKNOWN_OBJECT);
}

static void a_caller_that_leaves_is_noticed_once(void **state)
{
	struct thing *thing = *state;
	DBusConnection *caller = client_open(getuid());
	struct call *call = thing_hold(thing, caller);

	call_on_gone(call, on_gone, thing);
	thing_settle(thing);
	assert_int_equal(thing->gone, 0);
	client_close(caller);
	for (unsigned int i = 0; i < TURNS_MAX && thing->gone == 0; i++)
		private_bus_turn(thing->event);
	thing_settle(thing);
	assert_int_equal(thing->gone, 1);
	call_return(call, call_new_return(call));
}

static void a_call_can_end_when_its_caller_leaves(void **state)
{
	struct thing *thing = *state;
	DBusConnection *caller = client_open(getuid());

	call_on_gone(thing_hold(thing, caller), on_gone_end, thing);
	client_close(caller);
	for (unsigned int i = 0; i < TURNS_MAX && thing->gone == 0; i++)
		private_bus_turn(thing->event);
	assert_int_equal(thing->gone, 1);
}

static void a_caller_that_has_left_before_is_noticed_at_once(void **state)
{
	struct thing *thing = *state;
	DBusConnection *caller = client_open(getuid());
	struct call *first = thing_hold(thing, caller);
	struct call *second = thing_hold(thing, caller);

	call_on_gone(first, on_gone, thing);
	client_close(caller);
	for (unsigned int i = 0; i < TURNS_MAX && thing->gone == 0; i++)
		private_bus_turn(thing->event);
	thing_settle(thing);
	call_on_gone(second, on_gone, thing);
	assert_int_equal(thing->gone, 2);
	call_return(first, NULL);
	call_return(second, NULL);
}

/* Its name is gone before the service can ask for it. */
static void a_caller_that_leaves_right_after_its_call_is_noticed(void **state)
{
	struct thing *thing = *state;
	DBusConnection *caller = client_open(getuid());
	char *name = strdup(dbus_bus_get_unique_name(caller));

	thing_send_call(thing, caller, "Hold");
	dbus_connection_flush(caller);
	client_close(caller);
	while (dbus_bus_name_has_owner(thing->client, name, NULL))
		;
	for (unsigned int i = 0; i < TURNS_MAX && !thing->held; i++)
		private_bus_turn(thing->event);
	assert_non_null(thing->held);
	call_on_gone(thing->held, on_gone, thing);
	thing_settle(thing);
	assert_int_equal(thing->gone, 1);
	call_return(thing->held, NULL);
	free(name);
}

static void an_ended_call_hears_nothing_of_its_caller(void **state)
{
	struct thing *thing = *state;
	DBusConnection *caller = client_open(getuid());
	struct call *kept = thing_hold(thing, caller);
	struct call *ended = thing_hold(thing, caller);

	call_on_gone(ended, on_gone, thing);
	call_return(ended, call_new_return(ended));
	call_on_gone(kept, on_gone, thing);
	client_close(caller);
	for (unsigned int i = 0; i < TURNS_MAX && thing->gone == 0; i++)
		private_bus_turn(thing->event);
	thing_settle(thing);
	assert_int_equal(thing->gone, 1);
	call_return(kept, NULL);
}

static void the_end_of_the_tree_is_the_end_of_open_calls(void **state)
{
	struct thing *thing = *state;

	call_on_gone(thing_hold(thing, thing->client), on_gone_end, thing);
	thing->tree = object_tree_free(thing->tree);
	assert_int_equal(thing->gone, 1);
}

static DBusHandlerResult on_monitored(DBusConnection *connection, DBusMessage *message,
				      void *userdata)
{
	struct thing *thing = userdata;

	if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL &&
	    dbus_message_has_sender(message, thing_service_name(thing)))
		thing->round_trips++;
	return DBUS_HANDLER_RESULT_HANDLED;
}

static void only_the_first_call_of_a_peer_costs_messages_to_the_bus(void **state)
{
	struct thing *thing = *state;
	DBusConnection *monitor = client_open(getuid());
	const char *const rules[] = { "type='method_call',destination='" DBUS_SERVICE_DBUS "'" };
	const char *const *rule_list = rules;
	const dbus_uint32_t flags = 0;

	dbus_connection_add_filter(monitor, on_monitored, thing, NULL);
	dbus_message_unref(client_call(
		thing->event, monitor,
		client_message(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_MONITORING,
			       "BecomeMonitor", DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &rule_list, 1,
			       DBUS_TYPE_UINT32, &flags, DBUS_TYPE_INVALID)));

	thing_assert_answer(thing, thing_echo(thing, THING, THING_INTERFACE), "s");
	thing_settle(thing);
	assert_int_equal(thing->round_trips, 2);
	for (unsigned int i = 0; i < 3; i++)
		thing_assert_answer(thing, thing_echo(thing, THING, THING_INTERFACE), "s");
	thing_settle(thing);
	assert_int_equal(thing->round_trips, 2);
}

static void more_callers_than_match_rules_are_served_and_noticed(void **state)
{
	struct thing *thing = *state;
	DBusConnection *callers[PRIVATE_BUS_RULES_MAX + 4];

	for (size_t i = 0; i < LENGTH_OF(callers); i++) {
		callers[i] = client_open(getuid());
		dbus_message_unref(client_call(thing->event, callers[i],
					       thing_echo(thing, THING, THING_INTERFACE)));
	}
	call_on_gone(thing_hold(thing, callers[LENGTH_OF(callers) - 1]), on_gone_end, thing);
	for (size_t i = LENGTH_OF(callers); i > 0; i--)
		client_close(callers[i - 1]);
	for (unsigned int i = 0; i < TURNS_MAX && thing->gone == 0; i++)
		private_bus_turn(thing->event);
	assert_int_equal(thing->gone, 1);
}

static void on_peer_known(struct peer_watch *watch, uid_t uid)
{
}

static void on_peer_gone(struct peer_watch *watch)
{
}

/* What the bus says of the sender of @call, and so what its watch knows. */
static void wait_for_peer(struct thing *thing, struct call *call, struct peer_watch *watch)
{
	uid_t uid;

	*watch = (struct peer_watch){ .known = on_peer_known, .gone = on_peer_gone };
	assert_int_equal(peer_watch_start(call_peers(call), call_sender(call), watch), 0);
	for (unsigned int i = 0; i < TURNS_MAX && watch->peer && !peer_watch_uid(watch, &uid); i++)
		private_bus_turn(thing->event);
}

static void a_peers_user_and_process_are_known(void **state)
{
	struct thing *thing = *state;
	struct call *call = thing_hold(thing, client_open(other_uid()));
	struct peer_watch watch;
	uid_t uid;

	wait_for_peer(thing, call, &watch);
	assert_true(peer_watch_uid(&watch, &uid));
	assert_int_equal(uid, other_uid());
	assert_int_equal(peer_watch_pid(&watch), getpid());
	assert_int_equal(call_pid(call), getpid());
	peer_watch_stop(&watch);
	assert_int_equal(peer_watch_pid(&watch), 0);
	call_return(call, call_new_return(call));
}

static void write_user_only(struct writer *credentials)
{
	writer_entry_uint32(credentials, "UnixUserID", 4711);
}

static void write_process_of_other_type(struct writer *credentials)
{
	writer_entry_string(credentials, "ProcessID", "1");
	writer_entry_uint32(credentials, "UnixUserID", 4711);
}

static void write_impossible_process(struct writer *credentials)
{
	writer_entry_uint32(credentials, "UnixUserID", 4711);
	writer_entry_uint32(credentials, "ProcessID", UINT32_MAX);
}

static void a_process_that_the_bus_does_not_tell_is_none(void **state)
{
	static void (*const lies[])(struct writer *) = { write_user_only,
							 write_process_of_other_type,
							 write_impossible_process };
	struct thing *thing = *state;

	for (size_t i = 0; i < LENGTH_OF(lies); i++) {
		struct peer_watch watch;
		struct call *call;
		uid_t uid;

		lie = lies[i];
		call = thing_hold(thing, client_open(getuid()));
		wait_for_peer(thing, call, &watch);
		lie = NULL;
		assert_true(peer_watch_uid(&watch, &uid));
		assert_int_equal(uid, 4711);
		assert_int_equal(call_pid(call), 0);
		peer_watch_stop(&watch);
		call_return(call, NULL);
	}
}

static void write_nothing(struct writer *credentials)
{
}

static void write_process_only(struct writer *credentials)
{
	writer_entry_uint32(credentials, "ProcessID", 1);
}

static void write_user_of_other_types(struct writer *credentials)
{
	writer_entry_string(credentials, "UnixUserID", "0");
	writer_entry_uint32(credentials, "ProcessID", 1);
}

static void who_has_no_user_is_as_one_that_has_left(void **state)
{
	static void (*const lies[])(struct writer *) = { write_nothing, write_process_only,
							 write_user_of_other_types };
	struct thing *thing = *state;

	for (size_t i = 0; i < LENGTH_OF(lies); i++) {
		struct call *call;

		lie = lies[i];
		call = thing_hold(thing, client_open(getuid()));
		call_on_gone(call, on_gone, thing);
		for (unsigned int j = 0; j < TURNS_MAX && thing->gone == i; j++)
			private_bus_turn(thing->event);
		lie = NULL;
		assert_int_equal(thing->gone, i + 1);
		assert_int_equal(call_pid(call), 0);
		call_return(call, NULL);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, thing_set_up, thing_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_outlives_its_object),
		TEST(a_caller_that_leaves_is_noticed_once),
		TEST(a_call_can_end_when_its_caller_leaves),
		TEST(a_caller_that_has_left_before_is_noticed_at_once),
		TEST(a_caller_that_leaves_right_after_its_call_is_noticed),
		TEST(an_ended_call_hears_nothing_of_its_caller),
		TEST(the_end_of_the_tree_is_the_end_of_open_calls),
		TEST(only_the_first_call_of_a_peer_costs_messages_to_the_bus),
		TEST(more_callers_than_match_rules_are_served_and_noticed),
		TEST(a_peers_user_and_process_are_known),
		TEST(a_process_that_the_bus_does_not_tell_is_none),
		TEST(who_has_no_user_is_as_one_that_has_left),
	};

	return private_bus_run_tests("peer", tests, LENGTH_OF(tests));
}
