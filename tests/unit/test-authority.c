/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "dbus/authority.h"
#include "dbus/object.h"
#include "tests/unit/private-bus.h"

#define THING "/org/jpkid1/thing"
#define TEST_INTERFACE "org.jpkid1.Test"
#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

enum {
	TURNS_MAX = 2000,
	ID_SIZE = 64,
	POLKIT_ALLOW_USER_INTERACTION = 1,
};

/* How the polkit of this test answers. */
enum verdict {
	VERDICT_YES,
	VERDICT_NO,
	VERDICT_CHALLENGE,
	VERDICT_DISMISSED,
	VERDICT_ERROR,
	VERDICT_NONSENSE,
	VERDICT_SILENCE,
};

struct fixture {
	sd_event *event;
	struct bus *bus;
	struct object_tree *tree;
	struct object *thing;
	DBusConnection *client, *polkit;
	/* What the service saw. */
	const char *action;
	struct call *call;
	struct authorization *authorization;
	unsigned int calls, answers;
	bool answered_at_once;
	int result;
	uid_t uid;
	/* What polkit did and saw. */
	enum verdict verdict;
	unsigned int checks, cancels;
	uint32_t flags;
	char id[ID_SIZE], cancelled_id[ID_SIZE], subject[ID_SIZE], checked_action[ID_SIZE];
};

/* --- the service ------ */

static void on_authorized(int result, uid_t uid, void *userdata)
{
	struct fixture *fixture = userdata;

	fixture->answers++;
	fixture->result = result;
	fixture->uid = uid;
	fixture->authorization = NULL;
	call_return(fixture->call, call_new_return(fixture->call));
}

static void handle_ask(struct call *call)
{
	struct fixture *fixture = call_userdata(call);
	struct authorization *authorization = NULL;

	fixture->call = call;
	fixture->calls++;
	fixture->answers = 0;
	authority_check(call, fixture->action, on_authorized, fixture, &authorization);
	fixture->answered_at_once = fixture->answers > 0;
	assert_true(fixture->answered_at_once == !authorization);
	fixture->authorization = authorization;
}

static const struct method test_methods[] = { { .name = "Ask", .handle = handle_ask }, { 0 } };
static const struct interface test_interface = { .name = TEST_INTERFACE, .methods = test_methods };
static const struct interface *const test_interfaces[] = { &test_interface, NULL };

/* --- polkit ------ */

static void copy_string(char copy[static ID_SIZE], DBusMessageIter *iter)
{
	const char *string;

	assert_int_equal(dbus_message_iter_get_arg_type(iter), DBUS_TYPE_STRING);
	dbus_message_iter_get_basic(iter, &string);
	assert_in_range(strlen(string), 0, ID_SIZE - 1);
	strcpy(copy, string);
}

/* The (sa{sv}) of a bus name. */
static void read_subject(struct fixture *fixture, DBusMessageIter *iter)
{
	DBusMessageIter subject, details, entry, variant;
	char word[ID_SIZE];

	dbus_message_iter_recurse(iter, &subject);
	copy_string(word, &subject);
	assert_string_equal(word, "system-bus-name");
	dbus_message_iter_next(&subject);
	assert_int_equal(dbus_message_iter_get_element_count(&subject), 1);
	dbus_message_iter_recurse(&subject, &details);
	dbus_message_iter_recurse(&details, &entry);
	copy_string(word, &entry);
	assert_string_equal(word, "name");
	dbus_message_iter_next(&entry);
	dbus_message_iter_recurse(&entry, &variant);
	copy_string(fixture->subject, &variant);
}

static void read_check(struct fixture *fixture, DBusMessage *message)
{
	DBusMessageIter iter;

	assert_string_equal(dbus_message_get_path(message), POLKIT_PATH);
	assert_string_equal(dbus_message_get_signature(message), "(sa{sv})sa{ss}us");
	dbus_message_iter_init(message, &iter);
	read_subject(fixture, &iter);
	dbus_message_iter_next(&iter);
	copy_string(fixture->checked_action, &iter);
	dbus_message_iter_next(&iter);
	dbus_message_iter_next(&iter);
	dbus_message_iter_get_basic(&iter, &fixture->flags);
	dbus_message_iter_next(&iter);
	copy_string(fixture->id, &iter);
	fixture->checks++;
}

static DBusMessage *new_verdict(DBusMessage *message, enum verdict verdict)
{
	DBusMessage *reply = dbus_message_new_method_return(message);
	struct writer writer, result, details, entry;

	writer_begin(&writer, reply);
	writer_open(&writer, &result, DBUS_TYPE_STRUCT, NULL);
	writer_boolean(&result, verdict == VERDICT_YES);
	writer_boolean(&result, verdict == VERDICT_CHALLENGE);
	writer_open(&result, &details, DBUS_TYPE_ARRAY, "{ss}");
	if (verdict == VERDICT_DISMISSED) {
		writer_open(&details, &entry, DBUS_TYPE_DICT_ENTRY, NULL);
		writer_string(&entry, "polkit.dismissed");
		writer_string(&entry, "true");
		writer_close(&entry);
	}
	writer_close(&details);
	writer_close(&result);
	assert_int_equal(writer_finish(&writer), 0);
	return reply;
}

static DBusMessage *new_polkit_reply(DBusMessage *message, enum verdict verdict)
{
	const dbus_bool_t authorized = TRUE;
	DBusMessage *reply;

	switch (verdict) {
	case VERDICT_YES:
	case VERDICT_NO:
	case VERDICT_CHALLENGE:
	case VERDICT_DISMISSED:
		return new_verdict(message, verdict);
	case VERDICT_ERROR:
		return dbus_message_new_error(
			message, "org.freedesktop.PolicyKit1.Error.NotAuthorized", "Only owners");
	case VERDICT_NONSENSE:
		reply = dbus_message_new_method_return(message);
		assert_true(dbus_message_append_args(reply, DBUS_TYPE_BOOLEAN, &authorized,
						     DBUS_TYPE_INVALID));
		return reply;
	case VERDICT_SILENCE:
		break;
	}
	return NULL;
}

static DBusHandlerResult on_polkit_message(DBusConnection *connection, DBusMessage *message,
					   void *userdata)
{
	struct fixture *fixture = userdata;
	DBusMessage *reply;
	DBusMessageIter iter;

	if (dbus_message_is_method_call(message, POLKIT_INTERFACE, "CancelCheckAuthorization")) {
		dbus_message_iter_init(message, &iter);
		copy_string(fixture->cancelled_id, &iter);
		fixture->cancels++;
		return DBUS_HANDLER_RESULT_HANDLED;
	}
	if (!dbus_message_is_method_call(message, POLKIT_INTERFACE, "CheckAuthorization"))
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	read_check(fixture, message);
	reply = new_polkit_reply(message, fixture->verdict);
	if (reply) {
		dbus_connection_send(connection, reply, NULL);
		dbus_message_unref(reply);
	}
	return DBUS_HANDLER_RESULT_HANDLED;
}

static void start_polkit(struct fixture *fixture, enum verdict verdict)
{
	fixture->verdict = verdict;
	if (fixture->polkit)
		return;
	fixture->polkit = client_open(getuid());
	dbus_connection_add_filter(fixture->polkit, on_polkit_message, fixture, NULL);
	assert_int_equal(dbus_bus_request_name(fixture->polkit, POLKIT_NAME,
					       DBUS_NAME_FLAG_DO_NOT_QUEUE, NULL),
			 DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER);
}

/* --- a test ------ */

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || sd_event_new(&fixture->event) < 0 ||
	    bus_open(fixture->event, NULL, NULL, &fixture->bus) < 0 ||
	    object_tree_new(fixture->bus, "/org/jpkid1", &fixture->tree) < 0 ||
	    object_add(fixture->tree, THING, test_interfaces, fixture, &fixture->thing) < 0)
		return -1;
	fixture->action = "org.jpkid1.use";
	fixture->client = client_open(other_uid());
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	clients_close();
	object_tree_free(fixture->tree);
	bus_free(fixture->bus);
	sd_event_unref(fixture->event);
	free(fixture);
	return 0;
}

static DBusMessage *new_ask(const struct fixture *fixture, bool interactive)
{
	DBusMessage *message =
		client_message(dbus_bus_get_unique_name(bus_connection(fixture->bus)), THING,
			       TEST_INTERFACE, "Ask", DBUS_TYPE_INVALID);

	dbus_message_set_allow_interactive_authorization(message, interactive);
	return message;
}

/* Asks, and waits for the result. */
static int ask(struct fixture *fixture, DBusConnection *client, bool interactive)
{
	dbus_message_unref(client_call(fixture->event, client, new_ask(fixture, interactive)));
	assert_int_equal(fixture->answers, 1);
	return fixture->result;
}

static int ask_with(struct fixture *fixture, enum verdict verdict, bool interactive)
{
	start_polkit(fixture, verdict);
	return ask(fixture, fixture->client, interactive);
}

/* Asks, and leaves it with a polkit that does not answer. */
static void ask_silence(struct fixture *fixture)
{
	DBusMessage *message = new_ask(fixture, true);

	start_polkit(fixture, VERDICT_SILENCE);
	dbus_connection_send(fixture->client, message, NULL);
	dbus_message_unref(message);
	for (unsigned int i = 0; i < TURNS_MAX && fixture->checks == 0; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->checks, 1);
	assert_int_equal(fixture->answers, 0);
	assert_non_null(fixture->authorization);
}

static void root_passes_unasked(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *root;

	if (getuid() != 0)
		skip();
	root = client_open(0);
	assert_int_equal(ask(fixture, root, false), 0);
	assert_int_equal(fixture->uid, 0);
	start_polkit(fixture, VERDICT_NO);
	assert_int_equal(ask(fixture, root, false), 0);
	assert_true(fixture->answered_at_once);
	assert_int_equal(fixture->checks, 0);
}

static void without_polkit_others_are_refused(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(ask(fixture, fixture->client, true), ANSWER_NOT_AUTHORIZED);
}

static void polkit_can_allow(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask_with(fixture, VERDICT_YES, false), 0);
	assert_int_equal(fixture->uid, other_uid());
	assert_int_equal(fixture->checks, 1);
}

static void polkit_can_refuse(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask_with(fixture, VERDICT_NO, false), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(ask_with(fixture, VERDICT_NO, true), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(fixture->checks, 2);
}

static void a_question_that_could_not_be_asked_is_told_apart(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask_with(fixture, VERDICT_CHALLENGE, false),
			 ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED);
	assert_int_equal(ask_with(fixture, VERDICT_CHALLENGE, true), ANSWER_NOT_AUTHORIZED);
}

static void a_dismissed_question_is_told_apart(void **state)
{
	assert_int_equal(ask_with(*state, VERDICT_DISMISSED, true), ANSWER_DISMISSED);
}

static void what_polkit_does_not_say_clearly_is_a_no(void **state)
{
	assert_int_equal(ask_with(*state, VERDICT_ERROR, true), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(ask_with(*state, VERDICT_NONSENSE, true), ANSWER_NOT_AUTHORIZED);
}

static void polkit_is_asked_about_the_caller(void **state)
{
	struct fixture *fixture = *state;
	char first[ID_SIZE];

	ask_with(fixture, VERDICT_YES, false);
	assert_string_equal(fixture->subject, dbus_bus_get_unique_name(fixture->client));
	assert_string_equal(fixture->checked_action, "org.jpkid1.use");
	assert_int_equal(fixture->flags, 0);
	assert_string_not_equal(fixture->id, "");

	strcpy(first, fixture->id);
	ask_with(fixture, VERDICT_YES, true);
	assert_int_equal(fixture->flags, POLKIT_ALLOW_USER_INTERACTION);
	assert_string_not_equal(fixture->id, first);
}

static void no_answer_is_waited_for(void **state)
{
	struct fixture *fixture = *state;

	ask_silence(fixture);
	for (unsigned int i = 0; i < 100; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->answers, 0);
	authorization_cancel(fixture->authorization);
	call_return(fixture->call, NULL);
}

static void a_cancelled_question_is_taken_back_at_polkit(void **state)
{
	struct fixture *fixture = *state;

	ask_silence(fixture);
	assert_null(authorization_cancel(fixture->authorization));
	call_return(fixture->call, call_new_return(fixture->call));
	for (unsigned int i = 0; i < TURNS_MAX && fixture->cancels == 0; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->cancels, 1);
	assert_string_equal(fixture->cancelled_id, fixture->id);
	assert_int_equal(fixture->answers, 0);
	assert_null(authorization_cancel(NULL));
}

static void a_question_can_be_cancelled_before_polkit_is_asked(void **state)
{
	struct fixture *fixture = *state;
	DBusMessage *message = new_ask(fixture, true);

	start_polkit(fixture, VERDICT_YES);
	dbus_connection_send(fixture->client, message, NULL);
	dbus_message_unref(message);
	for (unsigned int i = 0; i < TURNS_MAX && fixture->calls == 0; i++)
		private_bus_turn(fixture->event);
	assert_non_null(fixture->authorization);
	authorization_cancel(fixture->authorization);
	call_return(fixture->call, call_new_return(fixture->call));
	for (unsigned int i = 0; i < 100; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->answers, 0);
	assert_int_equal(fixture->checks, 0);
	assert_int_equal(fixture->cancels, 0);
}

static void a_polkit_that_vanishes_is_a_no(void **state)
{
	struct fixture *fixture = *state;

	ask_silence(fixture);
	client_close(fixture->polkit);
	fixture->polkit = NULL;
	for (unsigned int i = 0; i < TURNS_MAX && fixture->answers == 0; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->answers, 1);
	assert_int_equal(fixture->result, ANSWER_NOT_AUTHORIZED);
}

static unsigned int lines;

static void count_line(int level, const struct log_fields *fields, const char *line)
{
	assert_int_equal(level, LOG_ERR);
	assert_non_null(strstr(line, "polkit"));
	lines++;
}

static void each_reason_why_polkit_cannot_be_asked_is_logged_once(void **state)
{
	static const enum verdict reasons[] = { VERDICT_ERROR, VERDICT_NONSENSE };
	struct fixture *fixture = *state;

	lines = 0;
	log_set_sink(count_line);
	for (unsigned int round = 0; round < 2; round++)
		for (size_t i = 0; i < LENGTH_OF(reasons); i++)
			ask_with(fixture, reasons[i], true);
	assert_int_equal(lines, LENGTH_OF(reasons));
	client_close(fixture->polkit);
	fixture->polkit = NULL;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(ask(fixture, fixture->client, true), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(lines, LENGTH_OF(reasons) + 1);
	log_set_sink(NULL);
}

/* Nobody can say any more who it was: not even root's name would pass. */
static void a_caller_that_has_left_is_refused(void **state)
{
	struct fixture *fixture = *state;
	DBusConnection *caller = client_open(getuid());
	char *name = strdup(dbus_bus_get_unique_name(caller));
	DBusMessage *message = new_ask(fixture, true);

	start_polkit(fixture, VERDICT_YES);
	dbus_connection_send(caller, message, NULL);
	dbus_message_unref(message);
	dbus_connection_flush(caller);
	client_close(caller);
	while (dbus_bus_name_has_owner(fixture->client, name, NULL))
		;
	for (unsigned int i = 0; i < TURNS_MAX && fixture->answers == 0; i++)
		private_bus_turn(fixture->event);
	assert_int_equal(fixture->answers, 1);
	assert_int_equal(fixture->result, ANSWER_NOT_AUTHORIZED);
	assert_int_equal(fixture->checks, 0);
	free(name);
}

static void without_an_action_root_alone_passes(void **state)
{
	struct fixture *fixture = *state;

	fixture->action = NULL;
	assert_int_equal(ask_with(fixture, VERDICT_YES, true), ANSWER_NOT_AUTHORIZED);
	if (getuid() == 0)
		assert_int_equal(ask(fixture, client_open(0), false), 0);
	assert_int_equal(fixture->checks, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(root_passes_unasked),
		TEST(without_polkit_others_are_refused),
		TEST(polkit_can_allow),
		TEST(polkit_can_refuse),
		TEST(a_question_that_could_not_be_asked_is_told_apart),
		TEST(a_dismissed_question_is_told_apart),
		TEST(what_polkit_does_not_say_clearly_is_a_no),
		TEST(polkit_is_asked_about_the_caller),
		TEST(no_answer_is_waited_for),
		TEST(a_cancelled_question_is_taken_back_at_polkit),
		TEST(a_question_can_be_cancelled_before_polkit_is_asked),
		TEST(a_polkit_that_vanishes_is_a_no),
		TEST(each_reason_why_polkit_cannot_be_asked_is_logged_once),
		TEST(a_caller_that_has_left_is_refused),
		TEST(without_an_action_root_alone_passes),
	};

	return private_bus_run_tests("authority", tests, LENGTH_OF(tests));
}
