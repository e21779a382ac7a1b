/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "tests/unit/script.h"

static int last_level;
static const struct log_fields *last_fields;
static char last_line[2048];
static unsigned int count;
static time_t seconds_later;

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	const int r = __real_clock_gettime(clock, time);

	time->tv_sec += seconds_later;
	return r;
}

static void keep(int level, const struct log_fields *fields, const char *line)
{
	last_level = level;
	last_fields = fields;
	strncpy(last_line, line, sizeof(last_line) - 1);
	count++;
}

static int set_up(void **state)
{
	count = 0;
	seconds_later = 0;
	log_set_sink(keep);
	log_set_level(LOG_INFO);
	return 0;
}

static void the_sink_gets_the_level_and_the_finished_line(void **state)
{
	log_warning("%d tries", 2);
	assert_int_equal(count, 1);
	assert_int_equal(last_level, LOG_WARNING);
	assert_null(last_fields);
	assert_string_equal(last_line, "2 tries");
}

static void the_sink_gets_an_events_fields_with_its_line(void **state)
{
	const struct log_fields fields = { .event = EVENT_PIN_LOCKED };

	log_event(LOG_NOTICE, &fields, "%d tries", 0);
	assert_int_equal(count, 1);
	assert_int_equal(last_level, LOG_NOTICE);
	assert_ptr_equal(last_fields, &fields);
	assert_string_equal(last_line, "0 tries");
}

static void what_is_over_the_level_is_not_said(void **state)
{
	log_debug("no");
	log_event(LOG_DEBUG, NULL, "no");
	log_rarely(LOG_DEBUG, NULL, "rare");
	assert_int_equal(count, 0);
	log_set_level(LOG_DEBUG);
	log_debug("yes");
	log_rarely(LOG_DEBUG, NULL, "rare");
	assert_int_equal(count, 2);
}

static void a_line_that_is_too_long_is_cut(void **state)
{
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	assert_int_equal(count, 1);
	assert_in_range(strlen(last_line), 80, sizeof(text) - 2);
}

static void nobody_makes_a_second_line_or_commands_a_terminal_with_a_name(void **state)
{
	static const struct {
		const char *name, *line;
	} names[] = {
		{ "Reader\nroot: all is well", "Reader?root: all is well" },
		{ "\x1B[2J\r\t\x7F\x01", "?[2J????" },
		{ "\xC2\x9B" "2J", "??2J" },
		{ "\xC2", "?" },
		{ "a\u202E\u200Bz", "a??????z" },
		{ "\xE8\xAA\xAD\xE5\x8F\x96 \xC2\xA9", "\xE8\xAA\xAD\xE5\x8F\x96 \xC2\xA9" },
	};

	for (size_t i = 0; i < LENGTH_OF(names); i++) {
		log_info("%s", names[i].name);
		assert_string_equal(last_line, names[i].line);
	}
}

static void a_rare_line_is_said_once_in_an_hour(void **state)
{
	for (int i = 0; i < 1000; i++)
		log_rarely(LOG_NOTICE, NULL, "user %d", 1);
	log_rarely(LOG_NOTICE, NULL, "user %d", 2);
	assert_int_equal(count, 2);
	seconds_later = 59 * 60;
	log_rarely(LOG_NOTICE, NULL, "user %d", 1);
	assert_int_equal(count, 2);
	seconds_later = 61 * 60;
	log_rarely(LOG_NOTICE, NULL, "user %d", 1);
	assert_int_equal(count, 3);
}

static void no_more_rare_lines_are_said_in_an_hour_than_can_be_remembered(void **state)
{
	for (int i = 0; i < 10 * LOG_RARE_MAX; i++)
		log_rarely(LOG_NOTICE, NULL, "user %d", i);
	assert_int_equal(count, LOG_RARE_MAX);
	log_notice("what is not rare is said");
	assert_int_equal(count, LOG_RARE_MAX + 1);
	seconds_later = 61 * 60;
	log_rarely(LOG_NOTICE, NULL, "user 0");
	assert_int_equal(count, LOG_RARE_MAX + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_sink_gets_the_level_and_the_finished_line, set_up),
		cmocka_unit_test_setup(the_sink_gets_an_events_fields_with_its_line, set_up),
		cmocka_unit_test_setup(what_is_over_the_level_is_not_said, set_up),
		cmocka_unit_test_setup(a_line_that_is_too_long_is_cut, set_up),
		cmocka_unit_test_setup(nobody_makes_a_second_line_or_commands_a_terminal_with_a_name, set_up),
		cmocka_unit_test_setup(a_rare_line_is_said_once_in_an_hour, set_up),
		cmocka_unit_test_setup(no_more_rare_lines_are_said_in_an_hour_than_can_be_remembered, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
