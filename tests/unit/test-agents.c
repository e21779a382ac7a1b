/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is asked for a PIN, and who may be: agents that are registered, and that leave. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/agency.h"

enum {
	AGENTS_PER_UID = 16,
	AGENTS_OF_ALL = 64,
};

/* --- who is asked ------ */

static void without_an_agent_nobody_is_asked(void **state)
{
	struct agency *agency = *state;

	assert_int_equal(agency_ask(agency), ANSWER_PIN_REQUIRED);
	assert_int_equal(agency->answers, 0);
}

static void of_two_agents_the_newest_is_asked(void **state)
{
	struct agency *agency = *state;

	agency_register(agency, &agency->program);
	agency_register(agency, &agency->other);
	agency_ask_program(agency, &agency->other);
	assert_done(agency_unregister(agency, &agency->program, AGENT_PATH));
	agency_register(agency, &agency->program);
	agency_ask_program(agency, &agency->program);
	assert_int_equal(agency->other.requests, 1);
}

static void the_callers_own_agent_comes_first(void **state)
{
	struct agency *agency = *state;

	agency_register(agency, &agency->program);
	agency_register(agency, &agency->other);
	assert_int_equal(agency_ask_for(agency, getuid(), agency->program.connection, &agency_details), 0);
	agency_wait_for_request(agency, &agency->program);
	assert_int_equal(agency->other.requests, 0);
}

static void an_agent_for_own_calls_is_asked_for_those_only(void **state)
{
	struct agency *agency = *state;

	agency_register_for_own_calls(agency, &agency->program);
	assert_int_equal(agency_ask(agency), ANSWER_PIN_REQUIRED);
	assert_int_equal(agency_ask_for(agency, getuid(), agency->program.connection, &agency_details), 0);
	agency_wait_for_request(agency, &agency->program);
}

static void an_older_agent_is_asked_where_the_newest_is_for_own_calls(void **state)
{
	struct agency *agency = *state;

	agency_register(agency, &agency->other);
	agency_register_for_own_calls(agency, &agency->program);
	agency_ask_program(agency, &agency->other);
	assert_int_equal(agency->program.requests, 0);
}

static void the_agent_of_another_user_is_never_asked(void **state)
{
	struct agency *agency = *state;
	struct program stranger = { 0 };

	if (getuid() != 0)
		skip();
	program_open(&stranger, UID_OTHER);
	agency_register(agency, &stranger);
	assert_int_equal(agency_ask(agency), ANSWER_PIN_REQUIRED);
	/* Not even by the name of its connection. */
	assert_int_equal(agency_ask_for(agency, getuid(), stranger.connection, &agency_details),
			 ANSWER_PIN_REQUIRED);

	agency_register(agency, &agency->program);
	assert_int_equal(agency_ask_for(agency, UID_OTHER, agency->program.connection, &agency_details), 0);
	agency_wait_for_request(agency, &stranger);
	assert_int_equal(agency->program.requests, 0);
	program_clear(&stranger);
}

static void an_agent_is_not_asked_before_it_is_known_whose_it_is(void **state)
{
	struct agency *agency = *state;

	assert_done(client_call(agency->event, agency->program.connection,
				agency_new_registration(agency, TEST_INTERFACE, "RegisterAndAsk", AGENT_PATH, NULL)));
	assert_int_equal(agency->asked_while_unknown, ANSWER_PIN_REQUIRED);
	agency_ask_program(agency, &agency->program);
}

/* --- registration ------ */

static void a_connection_has_one_agent(void **state)
{
	struct agency *agency = *state;

	agency_register(agency, &agency->program);
	assert_error(agency_try_to_register(agency, agency->program.connection), REFUSED("NotAllowed"));
	assert_error(client_call(agency->event, agency->program.connection,
				 agency_new_registration(agency, MANAGER, "RegisterAgent", "/another",
							 agency_own_calls)),
		     REFUSED("NotAllowed"));
	agency_ask_program(agency, &agency->program);
	assert_string_equal(dbus_message_get_path(agency->program.request), AGENT_PATH);
	assert_done(agency_unregister(agency, &agency->program, AGENT_PATH));
	agency_register(agency, &agency->program);
}

static void what_is_not_registered_cannot_be_unregistered(void **state)
{
	struct agency *agency = *state;

	assert_error(agency_unregister(agency, &agency->program, AGENT_PATH), REFUSED("InvalidInput"));
	agency_register(agency, &agency->program);
	assert_error(agency_unregister(agency, &agency->program, "/another"), REFUSED("InvalidInput"));
	assert_error(agency_unregister(agency, &agency->other, AGENT_PATH), REFUSED("InvalidInput"));
	agency_ask_program(agency, &agency->program);
	assert_done(agency_unregister(agency, &agency->program, AGENT_PATH));
	assert_error(agency_unregister(agency, &agency->program, AGENT_PATH), REFUSED("InvalidInput"));
}

static void write_unknown(struct writer *options)
{
	writer_entry_boolean(options, "own_calls", true);
}

static void write_another_type(struct writer *options)
{
	writer_entry_uint32(options, "own-calls", 1);
}

static void write_twice(struct writer *options)
{
	writer_entry_boolean(options, "own-calls", true);
	writer_entry_boolean(options, "own-calls", true);
}

static void write_anothers(struct writer *options)
{
	writer_entry_uint32(options, "timeout", 1);
}

static void write_descriptor(struct writer *options)
{
	writer_entry_fd(options, "pin", STDIN_FILENO);
}

static void write_many(struct writer *options)
{
	for (unsigned int i = 0; i < 1000; i++)
		writer_entry_string(options, "many", "");
}

static void options_that_are_not_its_own_are_refused(void **state)
{
	static void (*const writes[])(struct writer *) = { write_unknown, write_another_type,
							   write_twice,	  write_anothers,
							   write_descriptor, write_many };
	struct agency *agency = *state;
	const int before = count_fds();

	for (size_t i = 0; i < LENGTH_OF(writes); i++) {
		DBusMessage *message =
			agency_new_registration(agency, MANAGER, "RegisterAgent", AGENT_PATH, writes[i]);

		assert_error(client_call(agency->event, agency->program.connection, message),
			     REFUSED("InvalidInput"));
	}
	agency_settle(agency);
	assert_int_equal(count_fds(), before);
	assert_int_equal(agency_ask(agency), ANSWER_PIN_REQUIRED);
	agency_register(agency, &agency->program);
}

/* --- limits ------ */

static void a_user_has_at_most_16_agents(void **state)
{
	struct agency *agency = *state;
	DBusConnection *connections[AGENTS_PER_UID];

	for (size_t i = 0; i < AGENTS_PER_UID; i++) {
		connections[i] = client_open(getuid());
		assert_done(agency_try_to_register(agency, connections[i]));
	}
	assert_error(agency_try_to_register(agency, agency->program.connection),
		     DBUS_ERROR_LIMITS_EXCEEDED);
	if (getuid() == 0)
		assert_done(agency_try_to_register(agency, client_open(UID_OTHER)));

	client_close(connections[0]);
	agency_settle(agency);
	agency_register(agency, &agency->program);
	agency_ask_program(agency, &agency->program);
}

/* The bus lets only users in that the machine knows. */
static size_t find_users(uid_t uids[static AGENTS_OF_ALL / AGENTS_PER_UID])
{
	size_t count = 0;
	const struct passwd *user;

	setpwent();
	while (count < AGENTS_OF_ALL / AGENTS_PER_UID && (user = getpwent()))
		if (user->pw_uid != 0)
			uids[count++] = user->pw_uid;
	endpwent();
	return count;
}

static void all_users_have_at_most_64_agents(void **state)
{
	struct agency *agency = *state;
	uid_t uids[AGENTS_OF_ALL / AGENTS_PER_UID];
	DBusConnection *first = NULL;

	if (getuid() != 0)
		skip();
	assert_int_equal(find_users(uids), LENGTH_OF(uids));
	for (size_t i = 0; i < AGENTS_OF_ALL; i++) {
		DBusConnection *connection = client_open(uids[i / AGENTS_PER_UID]);

		first = first ? first : connection;
		assert_done(agency_try_to_register(agency, connection));
	}
	assert_error(agency_try_to_register(agency, agency->program.connection),
		     DBUS_ERROR_LIMITS_EXCEEDED);
	client_close(first);
	agency_settle(agency);
	agency_register(agency, &agency->program);
}

/* --- registrations that end early ------ */

static void who_leaves_while_it_registers_has_no_agent(void **state)
{
	struct agency *agency = *state;
	DBusConnection *connection = agency->program.connection;
	char *name = strdup(dbus_bus_get_unique_name(connection));

	program_send(&agency->program, agency_new_registration(agency, MANAGER, "RegisterAgent", AGENT_PATH, NULL));
	dbus_connection_flush(connection);
	client_close(connection);
	while (dbus_bus_name_has_owner(agency->other.connection, name, NULL))
		;
	agency_settle(agency);
	assert_int_equal(agency_ask(agency), ANSWER_PIN_REQUIRED);
	free(name);
}

static void who_unregisters_while_it_registers_has_no_agent(void **state)
{
	struct agency *agency = *state;
	DBusPendingCall *pending = NULL;
	DBusMessage *message = agency_new_registration(agency, MANAGER, "RegisterAgent", AGENT_PATH, NULL);

	assert_true(dbus_connection_send_with_reply(agency->program.connection, message, &pending,
						    DBUS_TIMEOUT_INFINITE));
	dbus_message_unref(message);
	assert_done(agency_unregister(agency, &agency->program, AGENT_PATH));
	assert_error(dbus_pending_call_steal_reply(pending), REFUSED("Cancelled"));
	dbus_pending_call_unref(pending);
	agency_settle(agency);
	assert_int_equal(agency_ask(agency), ANSWER_PIN_REQUIRED);
}

static void the_end_of_the_agents_is_the_end_of_a_registration(void **state)
{
	struct agency *agency = *state;

	assert_error(client_call(agency->event, agency->program.connection,
				 agency_new_registration(agency, TEST_INTERFACE, "RegisterAndEnd", AGENT_PATH, NULL)),
		     REFUSED("Cancelled"));
	agency_settle(agency);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, agency_set_up, agency_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_an_agent_nobody_is_asked),
		TEST(of_two_agents_the_newest_is_asked),
		TEST(the_callers_own_agent_comes_first),
		TEST(an_agent_for_own_calls_is_asked_for_those_only),
		TEST(an_older_agent_is_asked_where_the_newest_is_for_own_calls),
		TEST(the_agent_of_another_user_is_never_asked),
		TEST(an_agent_is_not_asked_before_it_is_known_whose_it_is),
		TEST(a_connection_has_one_agent),
		TEST(what_is_not_registered_cannot_be_unregistered),
		TEST(options_that_are_not_its_own_are_refused),
		TEST(a_user_has_at_most_16_agents),
		TEST(all_users_have_at_most_64_agents),
		TEST(who_leaves_while_it_registers_has_no_agent),
		TEST(who_unregisters_while_it_registers_has_no_agent),
		TEST(the_end_of_the_agents_is_the_end_of_a_registration),
	};

	return private_bus_run_tests("agents", tests, LENGTH_OF(tests));
}
