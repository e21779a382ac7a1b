/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the options of a method may be, and that a descriptor that came with wrong ones does not stay open. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/options.h"
#include "tests/unit/count-fds.h"

static const unsigned int all_options = OPTIONS_WITH_PIN | OPTION_OWN_CALLS;

static struct {
	DBusMessage *message;
	struct writer body, dictionary;
	int fds; /* open once the message is complete */
} call;

/* Options are written between these two. */
static struct writer *begin(void)
{
	call.message = dbus_message_new_signal("/a", "a.b", "C");
	assert_non_null(call.message);
	writer_begin(&call.body, call.message);
	writer_open(&call.body, &call.dictionary, DBUS_TYPE_ARRAY, "{sv}");
	return &call.dictionary;
}

static int finish(unsigned int allowed, struct options *ret_options, const char **ret_key)
{
	DBusMessageIter iter;

	writer_close(&call.dictionary);
	assert_int_equal(writer_finish(&call.body), 0);
	assert_true(dbus_message_iter_init(call.message, &iter));
	call.fds = count_fds();
	return options_read(&iter, allowed, ret_options, ret_key);
}

static void unref(void)
{
	dbus_message_unref(call.message);
}

static void write_pin(struct writer *dictionary)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	writer_entry_fd(dictionary, "pin", fd);
	close(fd);
}

static void assert_refused(unsigned int allowed, const char *key)
{
	struct options options = { .pin = -7 };
	const char *refused = NULL;

	assert_int_equal(finish(allowed, &options, &refused), ANSWER_INVALID_INPUT);
	assert_string_equal(refused, key);
	assert_int_equal(options.pin, -7);
	assert_int_equal(count_fds(), call.fds);
	unref();
}

static void no_options_are_the_defaults(void **state)
{
	struct options options;
	const char *key;

	begin();
	assert_int_equal(finish(OPTIONS_WITH_PIN, &options, &key), 0);
	assert_int_equal(options.pin, -1);
	assert_int_equal(options.timeout, 30000);
	assert_false(options.has_expected_tries);
	assert_false(options.allow_last_try);
	assert_false(options.own_calls);
	options_clear(&options);
	unref();
}

static void each_option_arrives(void **state)
{
	struct writer *dictionary = begin();
	struct options options;
	const char *key;

	write_pin(dictionary);
	writer_entry_uint32(dictionary, "expected-tries", UINT32_MAX);
	writer_entry_boolean(dictionary, "allow-last-try", true);
	writer_entry_uint32(dictionary, "timeout", 12345);
	writer_entry_string(dictionary, "reason", "example.jp へのログイン");
	writer_entry_boolean(dictionary, "own-calls", true);
	assert_int_equal(finish(all_options, &options, &key), 0);
	assert_true(options.pin >= 0);
	assert_int_equal(fcntl(options.pin, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_true(options.has_expected_tries);
	assert_int_equal(options.expected_tries, UINT32_MAX);
	assert_true(options.allow_last_try);
	assert_int_equal(options.timeout, 12345);
	assert_true(options.own_calls);

	assert_int_equal(count_fds(), call.fds + 1);
	options_clear(&options);
	assert_int_equal(count_fds(), call.fds);
	assert_int_equal(options.pin, -1);
	options_clear(&options);
	unref();
}

static void tries_of_none_and_consent_that_is_denied_are_options_too(void **state)
{
	struct writer *dictionary = begin();
	struct options options;
	const char *key;

	writer_entry_uint32(dictionary, "expected-tries", 0);
	writer_entry_boolean(dictionary, "allow-last-try", false);
	writer_entry_uint32(dictionary, "timeout", 0);
	assert_int_equal(finish(OPTIONS_WITH_PIN, &options, &key), 0);
	assert_true(options.has_expected_tries);
	assert_int_equal(options.expected_tries, 0);
	assert_false(options.allow_last_try);
	assert_int_equal(options.timeout, 0);
	options_clear(&options);
	unref();
}

static void an_unknown_option_is_refused(void **state)
{
	static const char *const unknown[] = { "", "Pin", "pin ", "pins", "expected_tries", "interactive" };

	for (size_t i = 0; i < LENGTH_OF(unknown); i++) {
		struct writer *dictionary = begin();

		write_pin(dictionary);
		writer_entry_uint32(dictionary, unknown[i], 1);
		assert_refused(OPTIONS_WITH_PIN, unknown[i]);
	}
}

static void an_option_that_comes_twice_is_refused(void **state)
{
	struct writer *dictionary = begin();

	write_pin(dictionary);
	write_pin(dictionary);
	assert_refused(OPTIONS_WITH_PIN, "pin");

	dictionary = begin();
	write_pin(dictionary);
	writer_entry_uint32(dictionary, "expected-tries", 3);
	writer_entry_uint32(dictionary, "expected-tries", 3);
	assert_refused(OPTIONS_WITH_PIN, "expected-tries");

	dictionary = begin();
	write_pin(dictionary);
	writer_entry_boolean(dictionary, "allow-last-try", false);
	writer_entry_boolean(dictionary, "allow-last-try", true);
	assert_refused(OPTIONS_WITH_PIN, "allow-last-try");
}

static void write_right(struct writer *dictionary, const char *key)
{
	if (strcmp(key, "pin") == 0)
		write_pin(dictionary);
	else if (strcmp(key, "allow-last-try") == 0 || strcmp(key, "own-calls") == 0)
		writer_entry_boolean(dictionary, key, true);
	else if (strcmp(key, "reason") == 0)
		writer_entry_string(dictionary, key, "x");
	else
		writer_entry_uint32(dictionary, key, 1);
}

static const struct {
	const char *key;
	unsigned int bit;
} keys[] = {
	{ "pin", OPTION_PIN },
	{ "expected-tries", OPTION_EXPECTED_TRIES },
	{ "allow-last-try", OPTION_ALLOW_LAST_TRY },
	{ "timeout", OPTION_TIMEOUT },
	{ "reason", OPTION_REASON },
	{ "own-calls", OPTION_OWN_CALLS },
};

static void an_option_that_the_method_does_not_take_is_refused(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(keys); i++) {
		struct options options;
		const char *key;

		write_right(begin(), keys[i].key);
		assert_refused(all_options & ~keys[i].bit, keys[i].key);

		write_right(begin(), keys[i].key);
		assert_int_equal(finish(keys[i].bit, &options, &key), 0);
		options_clear(&options);
		unref();
	}
}

static void write_type(struct writer *dictionary, const char *key, int type)
{
	switch (type) {
	case DBUS_TYPE_STRING:
		writer_entry_string(dictionary, key, "1");
		break;
	case DBUS_TYPE_BOOLEAN:
		writer_entry_boolean(dictionary, key, true);
		break;
	case DBUS_TYPE_UINT32:
		writer_entry_uint32(dictionary, key, 1);
		break;
	default:
		writer_entry_uint64(dictionary, key, 1);
		break;
	}
}

static void an_option_of_another_type_is_refused(void **state)
{
	static const struct {
		const char *key;
		int types[3];
	} cases[] = {
		{ "pin", { DBUS_TYPE_STRING, DBUS_TYPE_UINT32, DBUS_TYPE_BOOLEAN } },
		{ "expected-tries", { DBUS_TYPE_STRING, DBUS_TYPE_UINT64, DBUS_TYPE_BOOLEAN } },
		{ "allow-last-try", { DBUS_TYPE_STRING, DBUS_TYPE_UINT64, DBUS_TYPE_UINT32 } },
		{ "timeout", { DBUS_TYPE_STRING, DBUS_TYPE_UINT64, DBUS_TYPE_BOOLEAN } },
		{ "reason", { DBUS_TYPE_UINT64, DBUS_TYPE_UINT32, DBUS_TYPE_BOOLEAN } },
		{ "own-calls", { DBUS_TYPE_STRING, DBUS_TYPE_UINT64, DBUS_TYPE_UINT32 } },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		for (size_t j = 0; j < LENGTH_OF(cases[i].types); j++) {
			struct writer *dictionary = begin();

			if (strcmp(cases[i].key, "pin") != 0)
				write_pin(dictionary);
			write_type(dictionary, cases[i].key, cases[i].types[j]);
			assert_refused(all_options, cases[i].key);
		}
	}
}

static void a_descriptor_under_another_name_is_refused_and_closed(void **state)
{
	struct writer *dictionary = begin();
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	write_pin(dictionary);
	writer_entry_fd(dictionary, "timeout", fd);
	close(fd);
	assert_refused(OPTIONS_WITH_PIN, "timeout");
}

static bool reason_is_taken(const char *reason)
{
	struct writer *dictionary = begin();
	struct options options;
	const char *key = NULL;
	int answer;

	write_pin(dictionary);
	writer_entry_string(dictionary, "reason", reason);
	answer = finish(OPTIONS_WITH_PIN, &options, &key);
	if (answer == 0) {
		options_clear(&options);
	} else {
		assert_int_equal(answer, ANSWER_INVALID_INPUT);
		assert_string_equal(key, "reason");
	}
	assert_int_equal(count_fds(), call.fds);
	unref();
	return answer == 0;
}

static void a_reason_has_at_most_200_bytes(void **state)
{
	char reason[202];

	memset(reason, 'x', sizeof(reason));
	reason[201] = '\0';
	assert_false(reason_is_taken(reason));
	reason[200] = '\0';
	assert_true(reason_is_taken(reason));
	assert_true(reason_is_taken(""));
}

static void a_reason_has_no_control_characters(void **state)
{
	for (int c = 1; c < 0x20; c++) {
		const char reason[] = { 'a', (char)c, 'b', '\0' };

		assert_false(reason_is_taken(reason));
	}
	assert_false(reason_is_taken("a\x7F"));
	for (int c = 0x80; c < 0xA0; c++) {
		const char reason[] = { 'a', (char)0xC2, (char)c, '\0' };

		assert_false(reason_is_taken(reason));
	}
	assert_false(reason_is_taken("a\u2028"));
	assert_false(reason_is_taken("a\u202E"));
}

static void a_reason_may_have_all_that_is_not_a_control_character(void **state)
{
	assert_true(reason_is_taken(" ~"));
	assert_true(reason_is_taken("\xC2\xA0\xC3\x80\xC3\x9F"));
	/* Bytes of 80 to 9F, but of other characters. */
	assert_true(reason_is_taken("\xE3\x81\x82\xF0\x9F\x98\x80"));
	assert_true(reason_is_taken("👩\u200D💻")); /* invisible, and part of an emoji */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_options_are_the_defaults),
		cmocka_unit_test(each_option_arrives),
		cmocka_unit_test(tries_of_none_and_consent_that_is_denied_are_options_too),
		cmocka_unit_test(an_unknown_option_is_refused),
		cmocka_unit_test(an_option_that_comes_twice_is_refused),
		cmocka_unit_test(an_option_that_the_method_does_not_take_is_refused),
		cmocka_unit_test(an_option_of_another_type_is_refused),
		cmocka_unit_test(a_descriptor_under_another_name_is_refused_and_closed),
		cmocka_unit_test(a_reason_has_at_most_200_bytes),
		cmocka_unit_test(a_reason_has_no_control_characters),
		cmocka_unit_test(a_reason_may_have_all_that_is_not_a_control_character),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
