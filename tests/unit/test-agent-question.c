/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an agent is asked, and what may come back: all that one can do wrong. */
#include <string.h>
#include <unistd.h>

#include "tests/unit/agency.h"

/* A program that has an agent, and that a question. */
static struct agency *asked(void **state)
{
	struct agency *agency = *state;

	agency_register(agency, &agency->program);
	agency_ask_program(agency, &agency->program);
	return agency;
}

static int wait_for_answer(struct agency *agency)
{
	for (unsigned int i = 0; i < AGENCY_TURNS_MAX && agency->answers == 0; i++)
		private_bus_turn(agency->event);
	agency_settle(agency);
	assert_int_equal(agency->answers, 1);
	return agency->result;
}

static void assert_cancelled(struct agency *agency, struct program *program, uint64_t number)
{
	for (unsigned int i = 0; i < AGENCY_TURNS_MAX && program->cancels == 0; i++)
		private_bus_turn(agency->event);
	assert_int_equal(program->cancels, 1);
	assert_int_equal(program->cancelled, number);
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
	program_send(program, reply);
}

static void send_error(struct program *program, const char *name)
{
	program_send(program, dbus_message_new_error(program->request, name, "No"));
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

/* --- what is asked ------ */

static void the_agent_is_told_what_a_person_must_know(void **state)
{
	struct agency *agency = *state;
	const struct agent_details details = { JPKI_SIGN, CARD, 5, "example.jp へのログイン", 4711 };
	DBusMessage *request;

	agency_register(agency, &agency->program);
	assert_int_equal(agency_ask_for(agency, getuid(), agency->other.connection, &details), 0);
	agency_wait_for_request(agency, &agency->program);
	request = agency->program.request;
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
	struct agency *agency = asked(state);
	const char *text;
	dbus_uint32_t number;

	assert_text(agency->program.request, "applet", DBUS_TYPE_STRING, "auth");
	assert_number(agency->program.request, "min", DBUS_TYPE_UINT32, 4);
	assert_number(agency->program.request, "max", DBUS_TYPE_UINT32, 4);
	assert_false(detail(agency->program.request, "reason", DBUS_TYPE_STRING, &text));
	assert_false(detail(agency->program.request, "caller-pid", DBUS_TYPE_UINT32, &number));
}

static void no_two_questions_have_the_same_number(void **state)
{
	struct agency *agency = *state;
	uint64_t last = 0;

	agency_register(agency, &agency->program);
	for (unsigned int i = 0; i < 3; i++) {
		agency_ask_program(agency, &agency->program);
		assert_true(agency->program.number > last);
		last = agency->program.number;
		agent_question_cancel(agency->question);
	}
}

static void an_agent_can_have_several_questions(void **state)
{
	struct agency *agency = asked(state);
	struct agent_question *first;

	first = agency->question;
	agency_ask_program(agency, &agency->program);
	send_pin(&agency->program, "1234");
	assert_int_equal(wait_for_answer(agency), 0);
	agent_question_cancel(first);
	assert_cancelled(agency, &agency->program, 1);
}

/* --- what comes back ------ */

static void what_the_agent_sends_is_what_the_service_reads(void **state)
{
	const int before = count_fds();
	struct agency *agency = asked(state);
	char pin[8] = "";

	send_pin(&agency->program, "1234");
	assert_int_equal(wait_for_answer(agency), 0);
	assert_true(agency->fd >= 0);
	assert_int_equal(count_fds(), before + 1);
	assert_int_equal(read(agency->fd, pin, sizeof(pin)), 4);
	assert_string_equal(pin, "1234");
	assert_int_equal(agency->program.cancels, 0);
}

static void the_error_dismissed_is_told_apart(void **state)
{
	struct agency *agency = asked(state);

	send_error(&agency->program, REFUSED("Dismissed"));
	assert_int_equal(wait_for_answer(agency), ANSWER_DISMISSED);
	assert_int_equal(agency->fd, -1);
}

static void any_other_error_is_no_pin(void **state)
{
	static const char *const errors[] = { REFUSED("PinIncorrect"), REFUSED("Timeout"),
					      "org.example.Dismissed", DBUS_ERROR_ACCESS_DENIED,
					      DBUS_ERROR_NO_REPLY };
	struct agency *agency = *state;

	agency_register(agency, &agency->program);
	for (size_t i = 0; i < LENGTH_OF(errors); i++) {
		agency_ask_program(agency, &agency->program);
		send_error(&agency->program, errors[i]);
		assert_int_equal(wait_for_answer(agency), ANSWER_PIN_REQUIRED);
	}
	assert_int_equal(agency_warnings, 0);
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
	program_send(program, reply);
}

static void a_reply_that_is_not_one_descriptor_is_no_pin_and_leaves_nothing_open(void **state)
{
	static const char *const types[] = { "", "s", "u", "hh", "hs", "sh", "uh" };
	struct agency *agency = *state;
	const int before = count_fds();

	agency_register(agency, &agency->program);
	for (size_t i = 0; i < LENGTH_OF(types); i++) {
		agency_ask_program(agency, &agency->program);
		send_reply(&agency->program, types[i]);
		assert_int_equal(wait_for_answer(agency), ANSWER_PIN_REQUIRED);
		assert_int_equal(agency->fd, -1);
		assert_int_equal(count_fds(), before);
	}
}

static void a_second_answer_goes_nowhere(void **state)
{
	const int before = count_fds();
	struct agency *agency = asked(state);

	send_pin(&agency->program, "1234");
	send_pin(&agency->program, "5678");
	send_error(&agency->program, REFUSED("Dismissed"));
	assert_int_equal(wait_for_answer(agency), 0);
	agency_settle(agency);
	assert_int_equal(agency->answers, 1);
	assert_int_equal(count_fds(), before + 1);
}

/* --- nothing comes back ------ */

static void a_question_that_is_cancelled_is_taken_back(void **state)
{
	const int before = count_fds();
	struct agency *agency = asked(state);

	assert_null(agent_question_cancel(agency->question));
	assert_cancelled(agency, &agency->program, agency->program.number);
	send_pin(&agency->program, "1234");
	agency_settle(agency);
	assert_int_equal(agency->answers, 0);
	assert_int_equal(count_fds(), before);
	assert_null(agent_question_cancel(NULL));
}

static void after_120_seconds_nobody_waits_any_more(void **state)
{
	struct agency *agency = *state;
	const int before = count_fds();

	agency_hurry = true;
	agency_register(agency, &agency->program);
	agency_ask_program(agency, &agency->program);
	assert_int_equal(wait_for_answer(agency), ANSWER_TIMEOUT);
	assert_int_equal(agency->fd, -1);
	assert_cancelled(agency, &agency->program, agency->program.number);
	send_pin(&agency->program, "1234");
	agency_settle(agency);
	assert_int_equal(agency->answers, 1);
	assert_int_equal(count_fds(), before);
}

static void an_agent_that_leaves_takes_its_question_along(void **state)
{
	struct agency *agency = asked(state);

	client_close(agency->program.connection);
	assert_int_equal(wait_for_answer(agency), ANSWER_PIN_REQUIRED);
	assert_int_equal(agency_ask(agency), ANSWER_PIN_REQUIRED);
}

static void an_agent_that_unregisters_takes_its_questions_along(void **state)
{
	struct agency *agency = *state;
	struct agency first = { .fd = -1 };
	struct agent_question *question;

	agency_register(agency, &agency->program);
	assert_int_equal(agents_ask(agency->manager.agents, getuid(), ":0.0", &agency_details, agency_on_done,
				    &first, &question),
			 0);
	agency_wait_for_request(agency, &agency->program);
	agency_ask_program(agency, &agency->program);
	assert_done(agency_unregister(agency, &agency->program, AGENT_PATH));
	assert_int_equal(wait_for_answer(agency), ANSWER_PIN_REQUIRED);
	assert_int_equal(first.answers, 1);
	assert_int_equal(first.result, ANSWER_PIN_REQUIRED);
	agency_settle(agency);
	assert_int_equal(agency->program.cancels, 2);
	assert_int_equal(agency_ask(agency), ANSWER_PIN_REQUIRED);
}

static void a_bus_whose_policy_keeps_us_from_asking_is_logged(void **state)
{
	struct agency *agency = *state;

	agency_register_at(agency, &agency->program, PRIVATE_BUS_DENIED_PATH);
	assert_int_equal(agency_ask(agency), 0);
	assert_int_equal(wait_for_answer(agency), ANSWER_PIN_REQUIRED);
	assert_int_equal(agency->program.requests, 0);
	assert_int_equal(agency_warnings, 1);
}

static void the_end_of_the_agents_is_the_end_of_open_questions(void **state)
{
	struct agency *agency = asked(state);

	agency->manager.agents = agents_free(agency->manager.agents);
	send_pin(&agency->program, "1234");
	agency_settle(agency);
	assert_int_equal(agency->answers, 0);
	assert_null(agents_free(NULL));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, agency_set_up, agency_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_agent_is_told_what_a_person_must_know),
		TEST(what_is_not_known_is_left_out),
		TEST(no_two_questions_have_the_same_number),
		TEST(an_agent_can_have_several_questions),
		TEST(what_the_agent_sends_is_what_the_service_reads),
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
	};

	return private_bus_run_tests("agent-question", tests, LENGTH_OF(tests));
}
