/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is asked for a PIN, and what may come back: agents on a private bus, and all that they can do wrong. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/manager.h"
#include "daemon/options.h"
#include "tests/unit/count-fds.h"
#include "tests/unit/private-bus.h"

#define ROOT "/org/jpkid1"
#define MANAGER "org.jpkid1.Manager"
#define AGENT "org.jpkid1.Agent"
#define TEST_INTERFACE "org.jpkid1.Test"
#define AGENT_PATH "/agent"
#define CARD "/org/jpkid1/card/7"
#define REFUSED(name) "org.jpkid1.Error." name

enum {
	TURNS_MAX = 2000,
	AGENTS_PER_UID = 16,
	AGENTS_OF_ALL = 64,
	ANSWER_LIMIT = 120 * 1000000,
	SHORT_LIMIT = 20 * 1000,
};

/* --- time ----------------------------------------------------------------------------------------- */

static bool hurry; /* the time that a person has is over soon */

/* In place of libsystemd's. */
int sd_event_add_time_relative(sd_event *event, sd_event_source **ret_source, clockid_t clock,
			       uint64_t usec, uint64_t accuracy, sd_event_time_handler_t callback,
			       void *userdata)
{
	uint64_t now;

	assert_int_equal(usec, ANSWER_LIMIT);
	assert_true(sd_event_now(event, clock, &now) >= 0);
	return sd_event_add_time(event, ret_source, clock, now + (hurry ? SHORT_LIMIT : usec), 1,
				 callback, userdata);
}

/* --- the fixture ---------------------------------------------------------------------------------- */

/* A program that has an agent, and what it was asked. */
struct program {
	DBusConnection *connection;
	DBusMessage *request; /* the last */
	unsigned int requests, cancels;
	uint64_t number, cancelled;
};

struct fixture {
	sd_event *event;
	struct bus *bus;
	struct object_tree *tree;
	struct object *root;
	struct manager manager;
	struct program program, other;
	/* What the service heard. */
	struct agent_question *question;
	unsigned int answers;
	int result, fd;
	int asked_while_unknown;
};

static unsigned int warnings;

static void on_log(int level, const struct log_fields *fields, const char *line)
{
	warnings += level == LOG_WARNING;
}

static void on_done(int result, int fd, void *userdata)
{
	struct fixture *fixture = userdata;

	fixture->answers++;
	fixture->result = result;
	fixture->fd = fd;
	fixture->question = NULL;
}

static int ask_for(struct fixture *fixture, uid_t uid, DBusConnection *caller,
		   const struct agent_details *details)
{
	const char *name = dbus_bus_get_unique_name(caller);
	struct agents *agents = fixture->manager.agents;
	const bool has_agent = agents_have(agents, uid, name);
	int answer;

	fixture->answers = 0;
	fixture->fd = -1;
	answer = agents_ask(agents, uid, name, details, on_done, fixture, &fixture->question);
	assert_int_equal(answer, has_agent ? 0 : ANSWER_PIN_REQUIRED);
	return answer;
}

static const struct agent_details plain = { JPKI_AUTH, .card = CARD, .tries_left = 3 };

/* For a caller of our own uid that has no agent. */
static int ask(struct fixture *fixture)
{
	return ask_for(fixture, getuid(), bus_connection(fixture->bus), &plain);
}

/* What can happen before the bus has said who registers. */
static void handle_register_and_ask(struct call *call)
{
	struct fixture *fixture = CONTAINER_OF(call_userdata(call), struct fixture, manager);

	agents_register(fixture->manager.agents, call);
	fixture->asked_while_unknown = ask(fixture);
}

static void handle_register_and_end(struct call *call)
{
	struct fixture *fixture = CONTAINER_OF(call_userdata(call), struct fixture, manager);

	agents_register(fixture->manager.agents, call);
	fixture->manager.agents = agents_free(fixture->manager.agents);
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

static void program_open(struct program *program, uid_t uid)
{
	program->connection = client_open(uid);
	dbus_connection_add_filter(program->connection, on_program_message, program, NULL);
}

static void program_clear(struct program *program)
{
	if (program->request)
		dbus_message_unref(program->request);
	program->request = NULL;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || sd_event_new(&fixture->event) < 0 ||
	    bus_open(fixture->event, NULL, NULL, &fixture->bus) < 0 ||
	    object_tree_new(fixture->bus, ROOT, &fixture->tree) < 0 ||
	    agents_new(fixture->event, fixture->bus, &fixture->manager.agents) < 0 ||
	    object_add(fixture->tree, ROOT, interfaces, &fixture->manager, &fixture->root) < 0)
		return -1;
	fixture->fd = -1;
	program_open(&fixture->program, getuid());
	program_open(&fixture->other, getuid());
	hurry = false;
	warnings = 0;
	log_set_sink(on_log);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	closep(&fixture->fd);
	program_clear(&fixture->program);
	program_clear(&fixture->other);
	clients_close();
	agents_free(fixture->manager.agents);
	object_tree_free(fixture->tree);
	bus_free(fixture->bus);
	sd_event_unref(fixture->event);
	free(fixture);
	return 0;
}

/* --- what the tests do ---------------------------------------------------------------------------- */

static DBusMessage *new_call(const struct fixture *fixture, const char *interface,
			     const char *member)
{
	DBusMessage *message = dbus_message_new_method_call(
		dbus_bus_get_unique_name(bus_connection(fixture->bus)), ROOT, interface, member);

	assert_non_null(message);
	return message;
}

static DBusMessage *new_registration_with(const struct fixture *fixture, const char *interface,
					  const char *member, const char *path, bool own_calls)
{
	DBusMessage *message = new_call(fixture, interface, member);
	struct writer writer, options;

	writer_begin(&writer, message);
	writer_path(&writer, path);
	writer_open(&writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	if (own_calls)
		writer_entry_boolean(&options, "own-calls", true);
	writer_close(&options);
	assert_int_equal(writer_finish(&writer), 0);
	return message;
}

static DBusMessage *new_registration(const struct fixture *fixture, const char *path,
				     bool own_calls)
{
	return new_registration_with(fixture, MANAGER, "RegisterAgent", path, own_calls);
}

static DBusMessage *new_unregistration(const struct fixture *fixture, const char *path)
{
	DBusMessage *message = new_call(fixture, MANAGER, "UnregisterAgent");

	assert_true(dbus_message_append_args(message, DBUS_TYPE_OBJECT_PATH, &path,
					     DBUS_TYPE_INVALID));
	return message;
}

static void assert_done(DBusMessage *reply)
{
	assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_METHOD_RETURN);
	assert_true(dbus_message_has_signature(reply, ""));
	dbus_message_unref(reply);
}

static DBusMessage *try_to_register(struct fixture *fixture, DBusConnection *connection)
{
	return client_call(fixture->event, connection,
			   new_registration(fixture, AGENT_PATH, false));
}

static void register_agent(struct fixture *fixture, struct program *program)
{
	assert_done(try_to_register(fixture, program->connection));
}

static void register_for_own_calls(struct fixture *fixture, struct program *program)
{
	assert_done(client_call(fixture->event, program->connection,
				new_registration(fixture, AGENT_PATH, true)));
}

static DBusMessage *unregister(struct fixture *fixture, struct program *program, const char *path)
{
	return client_call(fixture->event, program->connection, new_unregistration(fixture, path));
}

/* Turns until all that was sent so far has been received. */
static void settle(struct fixture *fixture)
{
	DBusConnection *client = fixture->other.connection;

	for (unsigned int i = 0; i < 2; i++)
		dbus_message_unref(client_call(
			fixture->event, client,
			client_message(dbus_bus_get_unique_name(bus_connection(fixture->bus)), ROOT,
				       DBUS_INTERFACE_PEER, "Ping", DBUS_TYPE_INVALID)));
}

static void wait_for_request(struct fixture *fixture, struct program *program)
{
	const unsigned int before = program->requests;

	for (unsigned int i = 0; i < TURNS_MAX && program->requests == before; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(program->requests, before + 1);
}

/* A question that the program now has. */
static void ask_program(struct fixture *fixture, struct program *program)
{
	assert_int_equal(ask(fixture), 0);
	assert_non_null(fixture->question);
	wait_for_request(fixture, program);
	assert_int_equal(fixture->answers, 0);
}

static int wait_for_answer(struct fixture *fixture)
{
	for (unsigned int i = 0; i < TURNS_MAX && fixture->answers == 0; i++)
		private_bus_turn(fixture->event);
	settle(fixture);
	assert_int_equal(fixture->answers, 1);
	return fixture->result;
}

static void assert_cancelled(struct fixture *fixture, struct program *program, uint64_t number)
{
	for (unsigned int i = 0; i < TURNS_MAX && program->cancels == 0; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(program->cancels, 1);
	assert_int_equal(program->cancelled, number);
}

static void send_message(struct program *program, DBusMessage *message)
{
	assert_true(dbus_connection_send(program->connection, message, NULL));
	dbus_message_unref(message);
}

/* A pipe that has the text and then ends. */
static int pipe_with(const char *text)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	return ends[0];
}

static void send_pin(struct program *program, const char *pin)
{
	DBusMessage *reply = dbus_message_new_method_return(program->request);
	int fd = pipe_with(pin);

	assert_true(dbus_message_append_args(reply, DBUS_TYPE_UNIX_FD, &fd, DBUS_TYPE_INVALID));
	close(fd);
	send_message(program, reply);
}

static void send_error(struct program *program, const char *name)
{
	send_message(program, dbus_message_new_error(program->request, name, "No"));
}

/* A text of the request's details; NULL: there is none of this name and type. */
static bool detail(DBusMessage *request, const char *name, int type, void *ret_value)
{
	DBusMessageIter iter, details, entry, value;
	const char *key;

	dbus_message_iter_init(request, &iter);
	dbus_message_iter_next(&iter);
	dbus_message_iter_recurse(&iter, &details);
	for (; dbus_message_iter_get_arg_type(&details) != DBUS_TYPE_INVALID;
	     dbus_message_iter_next(&details)) {
		dbus_message_iter_recurse(&details, &entry);
		dbus_message_iter_get_basic(&entry, &key);
		dbus_message_iter_next(&entry);
		dbus_message_iter_recurse(&entry, &value);
		if (strcmp(key, name) != 0 || dbus_message_iter_get_arg_type(&value) != type)
			continue;
		dbus_message_iter_get_basic(&value, ret_value);
		return true;
	}
	return false;
}

static void assert_text(DBusMessage *request, const char *name, int type, const char *expected)
{
	const char *text = NULL;

	assert_true(detail(request, name, type, &text));
	assert_string_equal(text, expected);
}

static void assert_number(DBusMessage *request, const char *name, int type, dbus_uint32_t expected)
{
	dbus_uint32_t number;

	assert_true(detail(request, name, type, &number));
	assert_int_equal(number, expected);
}

/* --- questions ------------------------------------------------------------------------------------ */

static void what_the_agent_sends_is_what_the_service_reads(void **state)
{
	struct fixture *fixture = *state;
	char pin[8] = "";
	const int before = count_fds();

	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	send_pin(&fixture->program, "1234");
	assert_int_equal(wait_for_answer(fixture), 0);
	assert_true(fixture->fd >= 0);
	assert_int_equal(count_fds(), before + 1);
	assert_int_equal(read(fixture->fd, pin, sizeof(pin)), 4);
	assert_string_equal(pin, "1234");
	assert_int_equal(fixture->program.cancels, 0);
}

static void the_agent_is_told_what_a_person_must_know(void **state)
{
	struct fixture *fixture = *state;
	const struct agent_details details = { JPKI_SIGN, CARD, 5, "example.jp へのログイン", 4711 };
	DBusMessage *request;

	register_agent(fixture, &fixture->program);
	assert_int_equal(ask_for(fixture, getuid(), fixture->other.connection, &details), 0);
	wait_for_request(fixture, &fixture->program);
	request = fixture->program.request;
	assert_string_equal(dbus_message_get_path(request), AGENT_PATH);
	assert_text(request, "applet", DBUS_TYPE_STRING, "sign");
	assert_text(request, "card", DBUS_TYPE_OBJECT_PATH, CARD);
	assert_number(request, "tries-left", DBUS_TYPE_INT32, 5);
	assert_number(request, "min", DBUS_TYPE_UINT32, 6);
	assert_number(request, "max", DBUS_TYPE_UINT32, 16);
	assert_text(request, "reason", DBUS_TYPE_STRING, details.reason);
	assert_number(request, "caller-pid", DBUS_TYPE_UINT32, 4711);
}

static void what_is_not_known_is_left_out(void **state)
{
	struct fixture *fixture = *state;
	const char *text;
	dbus_uint32_t number;

	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	assert_text(fixture->program.request, "applet", DBUS_TYPE_STRING, "auth");
	assert_number(fixture->program.request, "min", DBUS_TYPE_UINT32, 4);
	assert_number(fixture->program.request, "max", DBUS_TYPE_UINT32, 4);
	assert_false(detail(fixture->program.request, "reason", DBUS_TYPE_STRING, &text));
	assert_false(detail(fixture->program.request, "caller-pid", DBUS_TYPE_UINT32, &number));
}

static void no_two_questions_have_the_same_number(void **state)
{
	struct fixture *fixture = *state;
	uint64_t last = 0;

	register_agent(fixture, &fixture->program);
	for (unsigned int i = 0; i < 3; i++) {
		ask_program(fixture, &fixture->program);
		assert_true(fixture->program.number > last);
		last = fixture->program.number;
		agent_question_cancel(fixture->question);
	}
}

static void an_agent_can_have_several_questions(void **state)
{
	struct fixture *fixture = *state;
	struct agent_question *first;

	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	first = fixture->question;
	ask_program(fixture, &fixture->program);
	send_pin(&fixture->program, "1234");
	assert_int_equal(wait_for_answer(fixture), 0);
	agent_question_cancel(first);
	assert_cancelled(fixture, &fixture->program, 1);
}

static void the_error_dismissed_is_told_apart(void **state)
{
	struct fixture *fixture = *state;

	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	send_error(&fixture->program, REFUSED("Dismissed"));
	assert_int_equal(wait_for_answer(fixture), ANSWER_DISMISSED);
	assert_int_equal(fixture->fd, -1);
}

static void any_other_error_is_no_pin(void **state)
{
	static const char *const errors[] = { REFUSED("PinIncorrect"), REFUSED("Timeout"),
					      "org.example.Dismissed", DBUS_ERROR_ACCESS_DENIED,
					      DBUS_ERROR_NO_REPLY };
	struct fixture *fixture = *state;

	register_agent(fixture, &fixture->program);
	for (size_t i = 0; i < LENGTH_OF(errors); i++) {
		ask_program(fixture, &fixture->program);
		send_error(&fixture->program, errors[i]);
		assert_int_equal(wait_for_answer(fixture), ANSWER_PIN_REQUIRED);
	}
	assert_int_equal(warnings, 0);
}

/* A reply whose values are of these types: h, s or u. */
static void send_reply(struct program *program, const char *types)
{
	DBusMessage *reply = dbus_message_new_method_return(program->request);
	struct writer writer;
	int fd = pipe_with("1234");

	writer_begin(&writer, reply);
	for (const char *type = types; *type; type++) {
		if (*type == DBUS_TYPE_UNIX_FD)
			writer_fd(&writer, fd);
		else if (*type == DBUS_TYPE_STRING)
			writer_string(&writer, "1234");
		else
			writer_uint32(&writer, 0);
	}
	assert_int_equal(writer_finish(&writer), 0);
	close(fd);
	send_message(program, reply);
}

static void a_reply_that_is_not_one_descriptor_is_no_pin_and_leaves_nothing_open(void **state)
{
	static const char *const types[] = { "", "s", "u", "hh", "hs", "sh", "uh" };
	struct fixture *fixture = *state;
	const int before = count_fds();

	register_agent(fixture, &fixture->program);
	for (size_t i = 0; i < LENGTH_OF(types); i++) {
		ask_program(fixture, &fixture->program);
		send_reply(&fixture->program, types[i]);
		assert_int_equal(wait_for_answer(fixture), ANSWER_PIN_REQUIRED);
		assert_int_equal(fixture->fd, -1);
		assert_int_equal(count_fds(), before);
	}
}

static void a_second_answer_goes_nowhere(void **state)
{
	struct fixture *fixture = *state;
	const int before = count_fds();

	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	send_pin(&fixture->program, "1234");
	send_pin(&fixture->program, "5678");
	send_error(&fixture->program, REFUSED("Dismissed"));
	assert_int_equal(wait_for_answer(fixture), 0);
	settle(fixture);
	assert_int_equal(fixture->answers, 1);
	assert_int_equal(count_fds(), before + 1);
}

static void a_question_that_is_cancelled_is_taken_back(void **state)
{
	struct fixture *fixture = *state;
	const int before = count_fds();

	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	assert_null(agent_question_cancel(fixture->question));
	assert_cancelled(fixture, &fixture->program, fixture->program.number);
	send_pin(&fixture->program, "1234");
	settle(fixture);
	assert_int_equal(fixture->answers, 0);
	assert_int_equal(count_fds(), before);
	assert_null(agent_question_cancel(NULL));
}

static void after_120_seconds_nobody_waits_any_more(void **state)
{
	struct fixture *fixture = *state;
	const int before = count_fds();

	hurry = true;
	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	assert_int_equal(wait_for_answer(fixture), ANSWER_TIMEOUT);
	assert_int_equal(fixture->fd, -1);
	assert_cancelled(fixture, &fixture->program, fixture->program.number);
	send_pin(&fixture->program, "1234");
	settle(fixture);
	assert_int_equal(fixture->answers, 1);
	assert_int_equal(count_fds(), before);
}

static void an_agent_that_leaves_takes_its_question_along(void **state)
{
	struct fixture *fixture = *state;

	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	client_close(fixture->program.connection);
	assert_int_equal(wait_for_answer(fixture), ANSWER_PIN_REQUIRED);
	assert_int_equal(ask(fixture), ANSWER_PIN_REQUIRED);
}

static void an_agent_that_unregisters_takes_its_questions_along(void **state)
{
	struct fixture *fixture = *state;
	struct fixture first = { .fd = -1 };
	struct agent_question *question;

	register_agent(fixture, &fixture->program);
	assert_int_equal(agents_ask(fixture->manager.agents, getuid(), ":0.0", &plain, on_done,
				    &first, &question),
			 0);
	wait_for_request(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	assert_done(unregister(fixture, &fixture->program, AGENT_PATH));
	assert_int_equal(wait_for_answer(fixture), ANSWER_PIN_REQUIRED);
	assert_int_equal(first.answers, 1);
	assert_int_equal(first.result, ANSWER_PIN_REQUIRED);
	settle(fixture);
	assert_int_equal(fixture->program.cancels, 2);
	assert_int_equal(ask(fixture), ANSWER_PIN_REQUIRED);
}

static void a_bus_whose_policy_keeps_us_from_asking_is_logged(void **state)
{
	struct fixture *fixture = *state;

	assert_done(client_call(fixture->event, fixture->program.connection,
				new_registration(fixture, PRIVATE_BUS_DENIED_PATH, false)));
	assert_int_equal(ask(fixture), 0);
	assert_int_equal(wait_for_answer(fixture), ANSWER_PIN_REQUIRED);
	assert_int_equal(fixture->program.requests, 0);
	assert_int_equal(warnings, 1);
}

static void the_end_of_the_agents_is_the_end_of_open_questions(void **state)
{
	struct fixture *fixture = *state;

	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	fixture->manager.agents = agents_free(fixture->manager.agents);
	send_pin(&fixture->program, "1234");
	settle(fixture);
	assert_int_equal(fixture->answers, 0);
	assert_null(agents_free(NULL));
}

/* --- who is asked --------------------------------------------------------------------------------- */

static void without_an_agent_nobody_is_asked(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture), ANSWER_PIN_REQUIRED);
	assert_int_equal(fixture->answers, 0);
}

static void of_two_agents_the_newest_is_asked(void **state)
{
	struct fixture *fixture = *state;

	register_agent(fixture, &fixture->program);
	register_agent(fixture, &fixture->other);
	ask_program(fixture, &fixture->other);
	assert_done(unregister(fixture, &fixture->program, AGENT_PATH));
	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
	assert_int_equal(fixture->other.requests, 1);
}

static void the_callers_own_agent_comes_first(void **state)
{
	struct fixture *fixture = *state;

	register_agent(fixture, &fixture->program);
	register_agent(fixture, &fixture->other);
	assert_int_equal(ask_for(fixture, getuid(), fixture->program.connection, &plain), 0);
	wait_for_request(fixture, &fixture->program);
	assert_int_equal(fixture->other.requests, 0);
}

static void an_agent_for_own_calls_is_asked_for_those_only(void **state)
{
	struct fixture *fixture = *state;

	register_for_own_calls(fixture, &fixture->program);
	assert_int_equal(ask(fixture), ANSWER_PIN_REQUIRED);
	assert_int_equal(ask_for(fixture, getuid(), fixture->program.connection, &plain), 0);
	wait_for_request(fixture, &fixture->program);
}

static void an_older_agent_is_asked_where_the_newest_is_for_own_calls(void **state)
{
	struct fixture *fixture = *state;

	register_agent(fixture, &fixture->other);
	register_for_own_calls(fixture, &fixture->program);
	ask_program(fixture, &fixture->other);
	assert_int_equal(fixture->program.requests, 0);
}

static void the_agent_of_another_user_is_never_asked(void **state)
{
	struct fixture *fixture = *state;
	struct program stranger = { 0 };

	if (getuid() != 0)
		skip();
	program_open(&stranger, UID_OTHER);
	register_agent(fixture, &stranger);
	assert_int_equal(ask(fixture), ANSWER_PIN_REQUIRED);
	/* Not even by the name of its connection. */
	assert_int_equal(ask_for(fixture, getuid(), stranger.connection, &plain),
			 ANSWER_PIN_REQUIRED);

	register_agent(fixture, &fixture->program);
	assert_int_equal(ask_for(fixture, UID_OTHER, fixture->program.connection, &plain), 0);
	wait_for_request(fixture, &stranger);
	assert_int_equal(fixture->program.requests, 0);
	program_clear(&stranger);
}

static void an_agent_is_not_asked_before_it_is_known_whose_it_is(void **state)
{
	struct fixture *fixture = *state;

	assert_done(client_call(fixture->event, fixture->program.connection,
				new_registration_with(fixture, TEST_INTERFACE, "RegisterAndAsk",
						      AGENT_PATH, false)));
	assert_int_equal(fixture->asked_while_unknown, ANSWER_PIN_REQUIRED);
	ask_program(fixture, &fixture->program);
}

/* --- registration --------------------------------------------------------------------------------- */

static void a_connection_has_one_agent(void **state)
{
	struct fixture *fixture = *state;

	register_agent(fixture, &fixture->program);
	assert_error(try_to_register(fixture, fixture->program.connection), REFUSED("NotAllowed"));
	assert_error(client_call(fixture->event, fixture->program.connection,
				 new_registration(fixture, "/another", true)),
		     REFUSED("NotAllowed"));
	ask_program(fixture, &fixture->program);
	assert_string_equal(dbus_message_get_path(fixture->program.request), AGENT_PATH);
	assert_done(unregister(fixture, &fixture->program, AGENT_PATH));
	register_agent(fixture, &fixture->program);
}

static void what_is_not_registered_cannot_be_unregistered(void **state)
{
	struct fixture *fixture = *state;

	assert_error(unregister(fixture, &fixture->program, AGENT_PATH), REFUSED("InvalidInput"));
	register_agent(fixture, &fixture->program);
	assert_error(unregister(fixture, &fixture->program, "/another"), REFUSED("InvalidInput"));
	assert_error(unregister(fixture, &fixture->other, AGENT_PATH), REFUSED("InvalidInput"));
	ask_program(fixture, &fixture->program);
	assert_done(unregister(fixture, &fixture->program, AGENT_PATH));
	assert_error(unregister(fixture, &fixture->program, AGENT_PATH), REFUSED("InvalidInput"));
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
	struct fixture *fixture = *state;
	const int before = count_fds();

	for (size_t i = 0; i < LENGTH_OF(writes); i++) {
		DBusMessage *message = new_call(fixture, MANAGER, "RegisterAgent");
		struct writer writer, options;

		writer_begin(&writer, message);
		writer_path(&writer, AGENT_PATH);
		writer_open(&writer, &options, DBUS_TYPE_ARRAY, "{sv}");
		writes[i](&options);
		writer_close(&options);
		assert_int_equal(writer_finish(&writer), 0);
		assert_error(client_call(fixture->event, fixture->program.connection, message),
			     REFUSED("InvalidInput"));
	}
	settle(fixture);
	assert_int_equal(count_fds(), before);
	assert_int_equal(ask(fixture), ANSWER_PIN_REQUIRED);
	register_agent(fixture, &fixture->program);
}

static void a_user_has_at_most_8_agents(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *connections[AGENTS_PER_UID];

	for (size_t i = 0; i < AGENTS_PER_UID; i++) {
		connections[i] = client_open(getuid());
		assert_done(try_to_register(fixture, connections[i]));
	}
	assert_error(try_to_register(fixture, fixture->program.connection),
		     DBUS_ERROR_LIMITS_EXCEEDED);
	if (getuid() == 0)
		assert_done(try_to_register(fixture, client_open(UID_OTHER)));

	client_close(connections[0]);
	settle(fixture);
	register_agent(fixture, &fixture->program);
	ask_program(fixture, &fixture->program);
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
	struct fixture *fixture = *state;
	uid_t uids[AGENTS_OF_ALL / AGENTS_PER_UID];
	DBusConnection *first = NULL;

	if (getuid() != 0)
		skip();
	assert_int_equal(find_users(uids), LENGTH_OF(uids));
	for (size_t i = 0; i < AGENTS_OF_ALL; i++) {
		DBusConnection *connection = client_open(uids[i / AGENTS_PER_UID]);

		first = first ? first : connection;
		assert_done(try_to_register(fixture, connection));
	}
	assert_error(try_to_register(fixture, fixture->program.connection),
		     DBUS_ERROR_LIMITS_EXCEEDED);
	client_close(first);
	settle(fixture);
	register_agent(fixture, &fixture->program);
}

static void who_leaves_while_it_registers_has_no_agent(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *connection = fixture->program.connection;
	char *name = strdup(dbus_bus_get_unique_name(connection));

	send_message(&fixture->program, new_registration(fixture, AGENT_PATH, false));
	dbus_connection_flush(connection);
	client_close(connection);
	while (dbus_bus_name_has_owner(fixture->other.connection, name, NULL))
		;
	settle(fixture);
	assert_int_equal(ask(fixture), ANSWER_PIN_REQUIRED);
	free(name);
}

static void who_unregisters_while_it_registers_has_no_agent(void **state)
{
	struct fixture *fixture = *state;
	DBusPendingCall *pending = NULL;
	DBusMessage *message = new_registration(fixture, AGENT_PATH, false);

	assert_true(dbus_connection_send_with_reply(fixture->program.connection, message, &pending,
						    DBUS_TIMEOUT_INFINITE));
	dbus_message_unref(message);
	assert_done(unregister(fixture, &fixture->program, AGENT_PATH));
	assert_error(dbus_pending_call_steal_reply(pending), REFUSED("Cancelled"));
	dbus_pending_call_unref(pending);
	settle(fixture);
	assert_int_equal(ask(fixture), ANSWER_PIN_REQUIRED);
}

static void the_end_of_the_agents_is_the_end_of_a_registration(void **state)
{
	struct fixture *fixture = *state;

	assert_error(client_call(fixture->event, fixture->program.connection,
				 new_registration_with(fixture, TEST_INTERFACE, "RegisterAndEnd",
						       AGENT_PATH, false)),
		     REFUSED("Cancelled"));
	settle(fixture);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_agent_sends_is_what_the_service_reads),
		TEST(the_agent_is_told_what_a_person_must_know),
		TEST(what_is_not_known_is_left_out),
		TEST(no_two_questions_have_the_same_number),
		TEST(an_agent_can_have_several_questions),
		TEST(the_error_dismissed_is_told_apart),
		TEST(any_other_error_is_no_pin),
		TEST(a_reply_that_is_not_one_descriptor_is_no_pin_and_leaves_nothing_open),
		TEST(a_second_answer_goes_nowhere),
		TEST(a_question_that_is_cancelled_is_taken_back),
		TEST(after_120_seconds_nobody_waits_any_more),
		TEST(an_agent_that_leaves_takes_its_question_along),
		TEST(an_agent_that_unregisters_takes_its_questions_along),
		TEST(a_bus_whose_policy_keeps_us_from_asking_is_logged),
		TEST(the_end_of_the_agents_is_the_end_of_open_questions),
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
		TEST(a_user_has_at_most_8_agents),
		TEST(all_users_have_at_most_64_agents),
		TEST(who_leaves_while_it_registers_has_no_agent),
		TEST(who_unregisters_while_it_registers_has_no_agent),
		TEST(the_end_of_the_agents_is_the_end_of_a_registration),
	};

	return private_bus_run_tests("agents", tests, LENGTH_OF(tests));
}
