/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the journal is sent of a line and its fields. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "systemd/journal.h"
#include "tests/unit/script.h"

static char sent[8192]; /* a field a line */
static int result;

int __wrap_sd_journal_sendv(const struct iovec *fields, int count);

int __wrap_sd_journal_sendv(const struct iovec *fields, int count)
{
	*sent = '\0';
	for (int i = 0; i < count; i++) {
		assert_null(memchr(fields[i].iov_base, '\n', fields[i].iov_len));
		strncat(sent, fields[i].iov_base, fields[i].iov_len);
		strcat(sent, "\n");
	}
	return result;
}

static int set_up(void **state)
{
	result = 0;
	return 0;
}

static void a_plain_line_has_its_level_and_no_more(void **state)
{
	journal_log(LOG_WARNING, NULL, "a line");
	assert_string_equal(sent, "MESSAGE=a line\nPRIORITY=4\n");
}

static void each_fact_has_a_field_and_the_event_its_id(void **state)
{
	const struct log_fields fields = {
		.event = EVENT_PIN_INCORRECT,
		.operation = "Sign",
		.reader = "Reader 0",
		.applet = "auth",
		.error = "org.jpkid1.Error.PinIncorrect",
		.has_caller = true,
		.caller_uid = 4294967294U,
		.caller_pid = 4711,
		.has_tries = true,
		.tries_left = 2,
		.sw = 0x63C2,
	};

	journal_log(LOG_NOTICE, &fields, "a line");
	assert_string_equal(sent, "MESSAGE=a line\nPRIORITY=5\n"
				  "MESSAGE_ID=31d45cfff4e749a19b08e6c6a9e9cc69\n"
				  "JPKID_OPERATION=Sign\nJPKID_READER=Reader 0\nJPKID_APPLET=auth\n"
				  "JPKID_ERROR=org.jpkid1.Error.PinIncorrect\n"
				  "JPKID_CALLER_UID=4294967294\nJPKID_CALLER_PID=4711\n"
				  "JPKID_TRIES_LEFT=2\nJPKID_SW=63C2\n");
}

static void the_zeros_that_mean_something_are_told_from_what_is_absent(void **state)
{
	const struct log_fields none = { .event = EVENT_NONE };
	const struct log_fields zeros = { .has_caller = true, .has_tries = true };

	journal_log(LOG_DEBUG, &none, "a line");
	assert_string_equal(sent, "MESSAGE=a line\nPRIORITY=7\n");
	journal_log(LOG_DEBUG, &zeros, "a line");
	assert_string_equal(sent, "MESSAGE=a line\nPRIORITY=7\nJPKID_CALLER_UID=0\nJPKID_TRIES_LEFT=0\n");
}

static void every_event_has_an_id_of_its_own(void **state)
{
	char ids[EVENT_COUNT][64];

	for (int event = EVENT_NONE + 1; event < EVENT_COUNT; event++) {
		const struct log_fields fields = { .event = (enum log_event)event };

		journal_log(LOG_INFO, &fields, "a line");
		assert_int_equal(sscanf(sent, "MESSAGE=a line\nPRIORITY=6\nMESSAGE_ID=%63[0-9a-f]\n", ids[event]), 1);
		assert_int_equal(strlen(ids[event]), 32);
		for (int other = EVENT_NONE + 1; other < event; other++)
			assert_string_not_equal(ids[event], ids[other]);
	}
}

static void the_name_of_a_reader_makes_no_field(void **state)
{
	char name[1000];
	const struct log_fields fields = { .reader = name };

	strcpy(name, "Reader\nMESSAGE_ID=31d45cfff4e749a19b08e6c6a9e9cc69\nJPKID_CALLER_UID=0");
	journal_log(LOG_INFO, &fields, "a line");
	assert_string_equal(sent, "MESSAGE=a line\nPRIORITY=6\n"
				  "JPKID_READER=Reader?MESSAGE_ID=31d45cfff4e749a19b08e6c6a9e9cc69?JPKID_CALLER_UID=0\n");

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	journal_log(LOG_INFO, &fields, "a line");
	assert_in_range(strlen(sent), 100, 500);
}

static void a_line_that_the_journal_does_not_take_goes_to_standard_error(void **state)
{
	CLEANUP(closep) int saved = dup(STDERR_FILENO);
	char told[64] = "";
	int ends[2];

	assert_true(saved >= 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	result = -ENOMEM;
	journal_log(LOG_ERR, NULL, "a line");
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	assert_true(read(ends[0], told, sizeof(told) - 1) > 0);
	close(ends[0]);
	assert_string_equal(told, "<3>a line\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_plain_line_has_its_level_and_no_more, set_up),
		cmocka_unit_test_setup(each_fact_has_a_field_and_the_event_its_id, set_up),
		cmocka_unit_test_setup(the_zeros_that_mean_something_are_told_from_what_is_absent, set_up),
		cmocka_unit_test_setup(every_event_has_an_id_of_its_own, set_up),
		cmocka_unit_test_setup(the_name_of_a_reader_makes_no_field, set_up),
		cmocka_unit_test_setup(a_line_that_the_journal_does_not_take_goes_to_standard_error, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
