/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Days of certificates, which are Japan's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "client/calendar.h"

enum {
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
};

/* 2030-08-15 23:59:59 in Japan. */
static const uint64_t last_second = 1913036399;

static void a_day_is_that_of_japan(void **state)
{
	char text[CALENDAR_DAY_SIZE];

	setenv("TZ", "America/Los_Angeles", 1);
	assert_string_equal(calendar_day(last_second, text), "2030-08-15");
	assert_string_equal(calendar_day(last_second + 1, text), "2030-08-16");
	assert_string_equal(calendar_day(last_second + 1 - DAY, text), "2030-08-15");
}

static void what_no_calendar_has_is_no_day(void **state)
{
	static const uint64_t times[] = { 0, 253402300800, INT64_MAX, UINT64_MAX };
	char text[CALENDAR_DAY_SIZE];
	struct tm tm;
	int days = 7;

	for (size_t i = 0; i < LENGTH_OF(times); i++) {
		assert_false(calendar_japan(times[i], &tm));
		assert_string_equal(calendar_day(times[i], text), "");
		assert_false(calendar_days_until(times[i], (time_t)last_second, &days));
	}
	assert_false(calendar_days_until(last_second, -1, &days));
	assert_int_equal(days, 7);
}

static void the_last_day_counts_0_and_days_change_at_midnight_in_japan(void **state)
{
	static const struct {
		int64_t before; /* seconds before the last one */
		int days;
	} cases[] = {
		{ 0, 0 },	   { DAY - 1, 0 }, { DAY, 1 },	 { 2 * DAY - 1, 1 },
		{ 2 * DAY, 2 },	   { -1, -1 },	   { -DAY, -1 }, { -DAY - 1, -2 },
		{ 266 * DAY, 266 },
	};
	int days;

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		const time_t now = (time_t)((int64_t)last_second - cases[i].before);

		assert_true(calendar_days_until(last_second, now, &days));
		assert_int_equal(days, cases[i].days);
	}
}

static void a_certificate_that_ends_at_noon_has_its_last_day_until_midnight(void **state)
{
	const uint64_t noon = last_second + 1 - 12 * HOUR;
	int days;

	assert_true(calendar_days_until(noon, (time_t)last_second, &days));
	assert_int_equal(days, 0);
	assert_true(calendar_days_until(noon, (time_t)last_second + 1, &days));
	assert_int_equal(days, -1);
}

static void midnight_is_japans(void **state)
{
	assert_int_equal(calendar_midnight(last_second, 0), last_second + 1 - DAY);
	assert_int_equal(calendar_midnight(last_second + 1 - DAY, 0), last_second + 1 - DAY);
	assert_int_equal(calendar_midnight(last_second, 30), last_second + 1 - 31 * (uint64_t)DAY);
}

static void a_moment_is_told_in_the_users_own_time(void **state)
{
	char text[CALENDAR_MOMENT_SIZE];

	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(calendar_moment(1900000000, text), "2030-03-17 17:46:40");
	setenv("TZ", "JST-9", 1);
	tzset();
	assert_string_equal(calendar_moment(1900000000, text), "2030-03-18 02:46:40");
	assert_string_equal(calendar_moment(0, text), "");
	assert_string_equal(calendar_moment(UINT64_MAX, text), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_is_that_of_japan),
		cmocka_unit_test(what_no_calendar_has_is_no_day),
		cmocka_unit_test(the_last_day_counts_0_and_days_change_at_midnight_in_japan),
		cmocka_unit_test(a_certificate_that_ends_at_noon_has_its_last_day_until_midnight),
		cmocka_unit_test(midnight_is_japans),
		cmocka_unit_test(a_moment_is_told_in_the_users_own_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
