/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/agency.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

#define ROOT "/org/jpkid1"
#define AGENT "org.jpkid1.Agent"

enum {
	ANSWER_LIMIT = 120 * 1000000,
	SHORT_LIMIT = 20 * 1000,
};

bool agency_hurry;
unsigned int agency_warnings;
const struct agent_details agency_details = { JPKI_AUTH, .card = CARD, .tries_left = 3 };

/* In place of libsystemd's. */
int sd_event_add_time_relative(sd_event *event, sd_event_source **ret_source, clockid_t clock,
			       uint64_t usec, uint64_t accuracy, sd_event_time_handler_t callback,
			       void *userdata)
{
	uint64_t now;

	assert_int_equal(usec, ANSWER_LIMIT);
	assert_true(sd_event_now(event, clock, &now) >= 0);
	return sd_event_add_time(event, ret_source, clock, now + (agency_hurry ? SHORT_LIMIT : usec), 1,
				 callback, userdata);
}

static void on_log(int level, const struct log_fields *fields, const char *line)
{
	agency_warnings += level == LOG_WARNING;
}

void agency_on_done(int result, int fd, void *userdata)
{
	struct agency *agency = userdata;

	agency->answers++;
	agency->result = result;
	agency->fd = fd;
	agency->question = NULL;
}

int agency_ask_for(struct agency *agency, uid_t uid, DBusConnection *caller,
		   const struct agent_details *details)
{
	const char *name = dbus_bus_get_unique_name(caller);
	struct agents *agents = agency->manager.agents;
	const bool has_agent = agents_have(agents, uid, name);
	int answer;

	agency->answers = 0;
	agency->fd = -1;
	answer = agents_ask(agents, uid, name, details, agency_on_done, agency, &agency->question);
	assert_int_equal(answer, has_agent ? 0 : ANSWER_PIN_REQUIRED);
	return answer;
}

int agency_ask(struct agency *agency)
{
	return agency_ask_for(agency, getuid(), bus_connection(agency->bus), &agency_details);
}

/* What can happen before the bus has said who registers. */
static void handle_register_and_ask(struct call *call)
{
	struct agency *agency = CONTAINER_OF(call_userdata(call), struct agency, manager);

	agents_register(agency->manager.agents, call);
	agency->asked_while_unknown = agency_ask(agency);
}

static void handle_register_and_end(struct call *call)
{
	struct agency *agency = CONTAINER_OF(call_userdata(call), struct agency, manager);

	agents_register(agency->manager.agents, call);
	agency->manager.agents = agents_free(agency->manager.agents);
}

static const struct argument register_in[] = { { "agent", "o" }, { "options", "a{sv}" }, { 0 } };
static const struct method test_methods[] = {
	{ "RegisterAndAsk", register_in, .options = OPTION_OWN_CALLS,
	  .handle = handle_register_and_ask },
	{ "RegisterAndEnd", register_in, .options = OPTION_OWN_CALLS,
	  .handle = handle_register_and_end },
	{ 0 },
};
static const struct interface test_interface = { .name = TEST_INTERFACE, .methods = test_methods };
static const struct interface *const interfaces[] = { &manager_interface, &test_interface, NULL };

static DBusHandlerResult on_program_message(DBusConnection *connection, DBusMessage *message,
					    void *userdata)
{
	struct program *program = userdata;

	if (dbus_message_is_method_call(message, AGENT, "RequestPin")) {
		assert_true(dbus_message_has_signature(message, "ta{sv}"));
		if (program->request)
			dbus_message_unref(program->request);
		program->request = dbus_message_ref(message);
		program->requests++;
		dbus_message_get_args(message, NULL, DBUS_TYPE_UINT64, &program->number,
				      DBUS_TYPE_INVALID);
	} else if (dbus_message_is_method_call(message, AGENT, "Cancel")) {
		assert_true(dbus_message_has_signature(message, "t"));
		assert_true(dbus_message_get_no_reply(message));
		dbus_message_get_args(message, NULL, DBUS_TYPE_UINT64, &program->cancelled,
				      DBUS_TYPE_INVALID);
		program->cancels++;
	} else {
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	}
	return DBUS_HANDLER_RESULT_HANDLED;
}

void program_open(struct program *program, uid_t uid)
{
	program->connection = client_open(uid);
	dbus_connection_add_filter(program->connection, on_program_message, program, NULL);
}

void program_clear(struct program *program)
{
	if (program->request)
		dbus_message_unref(program->request);
	program->request = NULL;
}

int agency_set_up(void **state)
{
	struct agency *agency = calloc(1, sizeof(*agency));

	if (!agency || sd_event_new(&agency->event) < 0 ||
	    bus_open(agency->event, NULL, NULL, &agency->bus) < 0 ||
	    object_tree_new(agency->bus, ROOT, &agency->tree) < 0 ||
	    agents_new(agency->event, agency->bus, &agency->manager.agents) < 0 ||
	    object_add(agency->tree, ROOT, interfaces, &agency->manager, &agency->root) < 0)
		return -1;
	agency->fd = -1;
	program_open(&agency->program, getuid());
	program_open(&agency->other, getuid());
	agency_hurry = false;
	agency_warnings = 0;
	log_set_sink(on_log);
	*state = agency;
	return 0;
}

int agency_tear_down(void **state)
{
	struct agency *agency = *state;

	closep(&agency->fd);
	program_clear(&agency->program);
	program_clear(&agency->other);
	clients_close();
	agents_free(agency->manager.agents);
	object_tree_free(agency->tree);
	bus_free(agency->bus);
	sd_event_unref(agency->event);
	free(agency);
	return 0;
}

void program_send(struct program *program, DBusMessage *message)
{
	assert_true(dbus_connection_send(program->connection, message, NULL));
	dbus_message_unref(message);
}

static DBusMessage *new_call(const struct agency *agency, const char *interface, const char *member)
{
	DBusMessage *message = dbus_message_new_method_call(
		dbus_bus_get_unique_name(bus_connection(agency->bus)), ROOT, interface, member);

	assert_non_null(message);
	return message;
}

DBusMessage *agency_new_registration(const struct agency *agency, const char *interface, const char *member,
				     const char *path, void (*write_options)(struct writer *options))
{
	DBusMessage *message = new_call(agency, interface, member);
	struct writer writer, options;

	writer_begin(&writer, message);
	writer_path(&writer, path);
	writer_open(&writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	if (write_options)
		write_options(&options);
	writer_close(&options);
	assert_int_equal(writer_finish(&writer), 0);
	return message;
}

void assert_done(DBusMessage *reply)
{
	assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_METHOD_RETURN);
	assert_true(dbus_message_has_signature(reply, ""));
	dbus_message_unref(reply);
}

static DBusMessage *call_register(struct agency *agency, DBusConnection *connection, const char *path,
				  void (*write_options)(struct writer *options))
{
	return client_call(agency->event, connection,
			   agency_new_registration(agency, MANAGER, "RegisterAgent", path, write_options));
}

DBusMessage *agency_try_to_register(struct agency *agency, DBusConnection *connection)
{
	return call_register(agency, connection, AGENT_PATH, NULL);
}

void agency_register(struct agency *agency, struct program *program)
{
	agency_register_at(agency, program, AGENT_PATH);
}

void agency_register_at(struct agency *agency, struct program *program, const char *path)
{
	assert_done(call_register(agency, program->connection, path, NULL));
}

void agency_own_calls(struct writer *options)
{
	writer_entry_boolean(options, "own-calls", true);
}

void agency_register_for_own_calls(struct agency *agency, struct program *program)
{
	assert_done(call_register(agency, program->connection, AGENT_PATH, agency_own_calls));
}

DBusMessage *agency_unregister(struct agency *agency, struct program *program, const char *path)
{
	DBusMessage *message = new_call(agency, MANAGER, "UnregisterAgent");

	assert_true(dbus_message_append_args(message, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID));
	return client_call(agency->event, program->connection, message);
}

void agency_settle(struct agency *agency)
{
	DBusConnection *client = agency->other.connection;

	for (unsigned int i = 0; i < 2; i++)
		dbus_message_unref(client_call(
			agency->event, client,
			client_message(dbus_bus_get_unique_name(bus_connection(agency->bus)), ROOT,
				       DBUS_INTERFACE_PEER, "Ping", DBUS_TYPE_INVALID)));
}

void agency_wait_for_request(struct agency *agency, struct program *program)
{
	const unsigned int before = program->requests;

	for (unsigned int i = 0; i < AGENCY_TURNS_MAX && program->requests == before; i++)
		private_bus_turn(agency->event);
	assert_int_equal(program->requests, before + 1);
}

void agency_ask_program(struct agency *agency, struct program *program)
{
	assert_int_equal(agency_ask(agency), 0);
	assert_non_null(agency->question);
	agency_wait_for_request(agency, program);
	assert_int_equal(agency->answers, 0);
}
