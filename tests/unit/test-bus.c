/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dbus/bus.h"
#include "tests/unit/private-bus.h"

enum {
	BIG = 4 * 1024 * 1024, /* more than a socket takes at once */
	FLOOD = 200,
	TURNS = 20,
	ADDRESS_SIZE = 128,
};

struct fixture {
	sd_event *event;
	struct bus *bus;
	DBusConnection *client;
	unsigned int received; /* messages that the bus dispatched */
	unsigned int received_at_timer;
	unsigned int replies;
	char *error; /* of the last reply; NULL: it was none */
	unsigned int heard; /* signals of a match */
	char owner[64];     /* that the last of them tells */
};

static DBusHandlerResult on_message(DBusConnection *connection, DBusMessage *message,
				    void *userdata)
{
	struct fixture *fixture = userdata;

	if (dbus_message_is_method_call(message, "org.jpkid1.Test", "Echo")) {
		DBusMessage *reply = dbus_message_new_method_return(message);
		DBusMessageIter iter;
		struct writer writer;
		const uint8_t *bytes;
		size_t length;

		dbus_message_iter_init(message, &iter);
		message_read_bytes(&iter, &bytes, &length);
		writer_begin(&writer, reply);
		writer_bytes(&writer, bytes, length);
		assert_int_equal(writer_finish(&writer), 0);
		bus_send(fixture->bus, reply);
		return DBUS_HANDLER_RESULT_HANDLED;
	}
	if (!dbus_message_is_signal(message, "org.jpkid1.Test", "Flood"))
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	fixture->received++;
	return DBUS_HANDLER_RESULT_HANDLED;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || sd_event_new(&fixture->event) < 0 ||
	    bus_open(fixture->event, NULL, NULL, &fixture->bus) < 0)
		return -1;
	dbus_connection_add_filter(bus_connection(fixture->bus), on_message, fixture, NULL);
	fixture->client = client_open(getuid());
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	clients_close();
	bus_free(fixture->bus);
	sd_event_unref(fixture->event);
	free(fixture->error);
	free(fixture);
	return 0;
}

static const char *bus_name(const struct fixture *fixture)
{
	return dbus_bus_get_unique_name(bus_connection(fixture->bus));
}

static void on_reply(DBusMessage *reply, void *userdata)
{
	struct fixture *fixture = userdata;
	const char *error = dbus_message_get_error_name(reply);

	fixture->replies++;
	free(fixture->error);
	fixture->error = error ? strdup(error) : NULL;
}

/* A call that is never answered. */
static DBusHandlerResult on_client_message(DBusConnection *connection, DBusMessage *message,
					   void *userdata)
{
	return DBUS_HANDLER_RESULT_HANDLED;
}

static struct bus_pending *call_silence(struct fixture *fixture)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL;
	struct bus_pending *pending = NULL;

	dbus_connection_add_filter(fixture->client, on_client_message, NULL, NULL);
	message = client_message(dbus_bus_get_unique_name(fixture->client), "/", NULL, "Silence",
				 DBUS_TYPE_INVALID);
	assert_int_equal(bus_call(fixture->bus, message, on_reply, fixture, &pending), 0);
	assert_non_null(pending);
	return pending;
}

static void call_and_wait(struct fixture *fixture, const char *service, const char *member)
{
	CLEANUP(message_unrefp)
	DBusMessage *message = client_message(service, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, member,
					      DBUS_TYPE_INVALID);

	assert_int_equal(bus_call(fixture->bus, message, on_reply, fixture, NULL), 0);
	assert_int_equal(fixture->replies, 0);
	while (fixture->replies == 0)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->replies, 1);
}

static void a_reply_comes_from_the_loop(void **state)
{
	struct fixture *fixture = *state;

	call_and_wait(fixture, DBUS_SERVICE_DBUS, "GetId");
	assert_null(fixture->error);
}

static void an_error_is_a_reply(void **state)
{
	struct fixture *fixture = *state;

	call_and_wait(fixture, DBUS_SERVICE_DBUS, "NoSuchMethod");
	assert_string_equal(fixture->error, DBUS_ERROR_UNKNOWN_METHOD);
}

static void a_name_that_nobody_has_is_an_error(void **state)
{
	struct fixture *fixture = *state;

	call_and_wait(fixture, "org.jpkid1.Nobody", "GetId");
	assert_string_equal(fixture->error, DBUS_ERROR_SERVICE_UNKNOWN);
}

static void a_callee_that_vanishes_is_an_error(void **state)
{
	struct fixture *fixture = *state;

	call_silence(fixture);
	for (unsigned int i = 0; i < TURNS; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->replies, 0);
	client_close(fixture->client);
	fixture->client = client_open(getuid());
	while (fixture->replies == 0)
		private_bus_turn(fixture->event);
	assert_string_equal(fixture->error, DBUS_ERROR_NO_REPLY);
}

static void a_cancelled_call_is_silent(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(message_unrefp)
	DBusMessage *message = client_message(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
					      DBUS_INTERFACE_DBUS, "GetId", DBUS_TYPE_INVALID);
	struct bus_pending *pending = NULL;

	assert_int_equal(bus_call(fixture->bus, message, on_reply, fixture, &pending), 0);
	assert_null(bus_call_cancel(pending));
	for (unsigned int i = 0; i < TURNS; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->replies, 0);
	assert_null(bus_call_cancel(NULL));
}

static void freeing_the_bus_ends_what_is_pending(void **state)
{
	struct fixture *fixture = *state;

	call_silence(fixture);
	fixture->bus = bus_free(fixture->bus);
	assert_int_equal(fixture->replies, 0);
}

static void big_messages_pass_both_ways(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(freep) uint8_t *bytes = malloc(BIG);
	DBusMessage *message, *reply;
	DBusMessageIter iter;
	const uint8_t *echo;
	size_t length;

	memset(bytes, 0xa5, BIG);
	message = client_message(bus_name(fixture), "/", "org.jpkid1.Test", "Echo", DBUS_TYPE_ARRAY,
				 DBUS_TYPE_BYTE, &bytes, BIG, DBUS_TYPE_INVALID);
	reply = client_call(fixture->event, fixture->client, message);
	assert_true(dbus_message_has_signature(reply, "ay"));
	dbus_message_iter_init(reply, &iter);
	message_read_bytes(&iter, &echo, &length);
	assert_int_equal(length, BIG);
	assert_memory_equal(echo, bytes, BIG);
	dbus_message_unref(reply);
}

/* How many messages had been dispatched when the timer's turn came. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct fixture *fixture = userdata;

	fixture->received_at_timer = fixture->received;
	return 0;
}

static void flood(const struct fixture *fixture)
{
	for (unsigned int i = 0; i < FLOOD; i++) {
		DBusMessage *message = dbus_message_new_signal("/", "org.jpkid1.Test", "Flood");

		dbus_message_set_destination(message, bus_name(fixture));
		dbus_connection_send(fixture->client, message, NULL);
		dbus_message_unref(message);
	}
	dbus_connection_flush(fixture->client);
}

static void a_flood_of_messages_leaves_turns_to_others(void **state)
{
	struct fixture *fixture = *state;
	unsigned int received_at_start = 0;

	flood(fixture);
	while (fixture->received < FLOOD) {
		const unsigned int before = fixture->received;

		private_bus_turn(fixture->event);
		assert_in_range(fixture->received - before, 0, 1);
		if (received_at_start > 0 || fixture->received < 2)
			continue;
		received_at_start = fixture->received;
		assert_true(sd_event_add_time_relative(fixture->event, NULL, CLOCK_MONOTONIC, 0, 1,
						       on_timer, fixture) >= 0);
	}
	assert_in_range(fixture->received_at_timer, received_at_start, received_at_start + 1);
}

static void what_comes_while_the_bus_is_held_stays_with_it_until_it_is_let_go(void **state)
{
	struct fixture *fixture = *state;

	call_and_wait(fixture, DBUS_SERVICE_DBUS, "GetId"); /* what the bus says first is read */
	bus_hold(fixture->bus, true);
	flood(fixture);
	for (unsigned int i = 0; i < TURNS; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->received, 0);
	assert_int_equal(dbus_connection_get_dispatch_status(bus_connection(fixture->bus)),
			 DBUS_DISPATCH_COMPLETE);
	bus_hold(fixture->bus, false);
	while (fixture->received < FLOOD)
		private_bus_turn(fixture->event);
}

static void an_idle_connection_does_not_spin(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < TURNS; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(sd_event_run(fixture->event, 0), 0);
	assert_int_equal(sd_event_run(fixture->event, 0), 0);
}

static void on_heard(DBusMessage *signal, void *userdata)
{
	struct fixture *fixture = userdata;

	fixture->heard++;
}

/* How often such a signal is heard that @client sends to everybody, and then to us only. */
static unsigned int count_heard(struct fixture *fixture, DBusConnection *client,
				const struct bus_signal *kind)
{
	const char *destinations[] = { NULL, bus_name(fixture) };
	const uint8_t *nothing = NULL;

	fixture->heard = 0;
	for (size_t i = 0; i < LENGTH_OF(destinations); i++) {
		DBusMessage *message =
			dbus_message_new_signal(kind->path, kind->interface, kind->member);

		dbus_message_set_destination(message, destinations[i]);
		if (kind->argument)
			dbus_message_append_args(message, DBUS_TYPE_STRING, &kind->argument,
						 DBUS_TYPE_INVALID);
		dbus_connection_send(client, message, NULL);
		dbus_message_unref(message);
	}
	dbus_message_unref(client_call(fixture->event, client,
				       client_message(bus_name(fixture), "/", "org.jpkid1.Test",
						      "Echo", DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE,
						      &nothing, 0, DBUS_TYPE_INVALID)));
	return fixture->heard;
}

static void a_match_hears_its_kind_of_signals_from_its_sender_only(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *other = client_open(getuid());
	const struct bus_signal kind = {
		.sender = dbus_bus_get_unique_name(fixture->client),
		.path = "/told",
		.interface = "org.jpkid1.Test",
		.member = "Told",
		.argument = "this",
	};
	struct bus_signal others[] = { kind, kind, kind, kind, kind };
	struct bus_match *match;

	others[0].path = "/other";
	others[1].interface = "org.jpkid1.Other";
	others[2].member = "Other";
	others[3].argument = "that";
	others[4].argument = NULL;
	assert_int_equal(bus_match_add(fixture->bus, &kind, on_heard, fixture, &match), 0);
	assert_int_equal(count_heard(fixture, fixture->client, &kind), 2);
	assert_int_equal(count_heard(fixture, other, &kind), 0);
	for (size_t i = 0; i < LENGTH_OF(others); i++)
		assert_int_equal(count_heard(fixture, fixture->client, &others[i]), 0);
	assert_null(bus_match_remove(match));
	assert_int_equal(count_heard(fixture, fixture->client, &kind), 0);
	assert_null(bus_match_remove(NULL));
}

static void on_owner(DBusMessage *signal, void *userdata)
{
	struct fixture *fixture = userdata;

	fixture->heard++;
	snprintf(fixture->owner, sizeof(fixture->owner), "%s", bus_new_owner(signal));
}

static void who_has_a_name_is_followed(void **state)
{
	struct fixture *fixture = *state;
	const struct bus_signal change = bus_owner_change("org.jpkid1.Followed");
	struct bus_match *match;

	assert_int_equal(bus_match_add(fixture->bus, &change, on_owner, fixture, &match), 0);
	call_and_wait(fixture, DBUS_SERVICE_DBUS, "GetId");
	dbus_bus_request_name(fixture->client, "org.jpkid1.Unfollowed", 0, NULL);
	dbus_bus_request_name(fixture->client, "org.jpkid1.Followed", 0, NULL);
	while (fixture->heard == 0)
		private_bus_turn(fixture->event);
	assert_string_equal(fixture->owner, dbus_bus_get_unique_name(fixture->client));
	dbus_bus_release_name(fixture->client, "org.jpkid1.Followed", NULL);
	while (fixture->heard == 1)
		private_bus_turn(fixture->event);
	assert_string_equal(fixture->owner, "");
	bus_match_remove(match);
}

static void a_name_can_be_had_once(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(dbus_bus_request_name(fixture->client, "org.jpkid1.Taken",
					       DBUS_NAME_FLAG_DO_NOT_QUEUE, NULL),
			 DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER);
	assert_int_equal(bus_request_name(fixture->bus, "org.jpkid1.Taken"), -EEXIST);
	assert_int_equal(bus_request_name(fixture->bus, "org.jpkid1.Free"), 0);
	assert_int_equal(bus_request_name(fixture->bus, PRIVATE_BUS_DENIED_NAME), -EACCES);
}

static void a_bus_at_an_address_is_spoken_to_before_it_has_answered(void **state)
{
	struct fixture *fixture = *state;

	bus_free(fixture->bus);
	assert_int_equal(bus_open_at(fixture->event, getenv("DBUS_SYSTEM_BUS_ADDRESS"), NULL, NULL,
				     &fixture->bus),
			 0);
	call_and_wait(fixture, DBUS_SERVICE_DBUS, "GetId");
	assert_null(fixture->error);
}

/* Its socket takes the connection, and that is all. The listener. */
static int open_hanging_bus(char address[ADDRESS_SIZE])
{
	const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	/* Abstract, and so without a NUL at its end. */
	const int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
				    "jpkid-test-bus-%d", getpid());

	snprintf(address, ADDRESS_SIZE, "unix:abstract=%s", name.sun_path + 1);
	assert_int_equal(bind(listener, (struct sockaddr *)&name,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					  (size_t)length)),
			 0);
	assert_int_equal(listen(listener, 1), 0);
	return listener;
}

static void a_bus_at_an_address_that_hangs_is_not_waited_for(void **state)
{
	struct fixture *fixture = *state;
	char address[ADDRESS_SIZE];
	CLEANUP(closep) int listener = open_hanging_bus(address);

	bus_free(fixture->bus);
	assert_int_equal(bus_open_at(fixture->event, address, NULL, NULL, &fixture->bus), 0);
	call_silence(fixture);
	for (unsigned int turn = 0; turn < TURNS; turn++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->replies, 0);
}

static void a_system_bus_that_hangs_is_waited_for_some_seconds(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(freep) char *right = strdup(getenv("DBUS_SYSTEM_BUS_ADDRESS"));
	char address[ADDRESS_SIZE];
	CLEANUP(closep) int listener = open_hanging_bus(address);
	struct bus *bus = NULL;

	alarm(10);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
	assert_int_equal(bus_open(fixture->event, NULL, NULL, &bus), -ETIMEDOUT);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", right, 1), 0);
	alarm(0);
	assert_null(bus);
}

static void the_loop_ends_when_the_bus_goes_and_the_process_does_not(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(message_unrefp)
	DBusMessage *message = client_message(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
					      DBUS_INTERFACE_DBUS, "GetId", DBUS_TYPE_INVALID);

	call_silence(fixture);
	private_bus_stop();
	assert_int_equal(sd_event_loop(fixture->event), -ECONNRESET);
	assert_int_equal(bus_call(fixture->bus, message, on_reply, fixture, NULL), -ENOTCONN);
}

/* Runs after the one above. */
static void without_a_bus_there_is_a_reason(void **state)
{
	sd_event *event = NULL;
	struct bus *bus = NULL;

	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(bus_open(event, NULL, NULL, &bus), -ENOENT);
	assert_null(bus);
	sd_event_unref(event);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reply_comes_from_the_loop),
		TEST(an_error_is_a_reply),
		TEST(a_name_that_nobody_has_is_an_error),
		TEST(a_callee_that_vanishes_is_an_error),
		TEST(a_cancelled_call_is_silent),
		TEST(freeing_the_bus_ends_what_is_pending),
		TEST(big_messages_pass_both_ways),
		TEST(a_flood_of_messages_leaves_turns_to_others),
		TEST(what_comes_while_the_bus_is_held_stays_with_it_until_it_is_let_go),
		TEST(an_idle_connection_does_not_spin),
		TEST(a_match_hears_its_kind_of_signals_from_its_sender_only),
		TEST(who_has_a_name_is_followed),
		TEST(a_name_can_be_had_once),
		TEST(a_bus_at_an_address_is_spoken_to_before_it_has_answered),
		TEST(a_bus_at_an_address_that_hangs_is_not_waited_for),
		TEST(a_system_bus_that_hangs_is_waited_for_some_seconds),
		TEST(the_loop_ends_when_the_bus_goes_and_the_process_does_not),
		cmocka_unit_test(without_a_bus_there_is_a_reason),
	};

	return private_bus_run_tests("bus", tests, LENGTH_OF(tests));
}
