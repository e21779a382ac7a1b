/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Days of birth in both calendars; in English, since no catalog is there. */
#include "client/jpkictl/birth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void assert_text(const char *date, const char *era, const char *expected)
{
	char *text = birth_text(date, era);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void the_first_and_last_day_of_each_era_are_in_it(void **state)
{
	static const char *const days[][3] = {
		{ "1868-10-23", "meiji", "1868-10-23 (Meiji 1)" },
		{ "1912-07-30", "meiji", "1912-07-30 (Meiji 45)" },
		{ "1912-07-30", "taisho", "1912-07-30 (Taisho 1)" },
		{ "1926-12-25", "taisho", "1926-12-25 (Taisho 15)" },
		{ "1926-12-25", "showa", "1926-12-25 (Showa 1)" },
		{ "1989-01-07", "showa", "1989-01-07 (Showa 64)" },
		{ "1989-01-08", "heisei", "1989-01-08 (Heisei 1)" },
		{ "1990-12-31", "heisei", "1990-12-31 (Heisei 2)" },
		{ "2019-04-30", "heisei", "2019-04-30 (Heisei 31)" },
		{ "2019-05-01", "reiwa", "2019-05-01 (Reiwa 1)" },
		{ "2020-01-01", "reiwa", "2020-01-01 (Reiwa 2)" },
	};

	for (size_t i = 0; i < LENGTH_OF(days); i++)
		assert_text(days[i][0], days[i][1], days[i][2]);
}

static void a_day_outside_of_its_era_gets_no_year_of_any(void **state)
{
	static const char *const days[][3] = {
		{ "1868-10-22", "meiji", "Meiji" },   { "1912-07-31", "meiji", "Meiji" },
		{ "1912-07-29", "taisho", "Taisho" }, { "1926-12-26", "taisho", "Taisho" },
		{ "1926-12-24", "showa", "Showa" },   { "1989-01-08", "showa", "Showa" },
		{ "1989-01-07", "heisei", "Heisei" }, { "2019-05-01", "heisei", "Heisei" },
		{ "2019-04-30", "reiwa", "Reiwa" },   { "0000-01-01", "reiwa", "Reiwa" },
	};

	for (size_t i = 0; i < LENGTH_OF(days); i++) {
		char expected[100];

		snprintf(expected, sizeof(expected),
			 "%s (the certificate says %s, an era that does not have this day)",
			 days[i][0], days[i][2]);
		assert_text(days[i][0], days[i][1], expected);
	}
}

static void without_an_era_the_day_is_of_the_west_alone(void **state)
{
	assert_text("1990-12-31", NULL, "1990-12-31");
	assert_text("1990-12-31", "unknown", "1990-12-31");
	assert_text("1990-12-31", "Heisei", "1990-12-31");
}

static void what_is_no_date_is_shown_as_it_is(void **state)
{
	assert_text("", "heisei", "");
	assert_text("1990-12", "heisei", "1990-12");
	assert_text("%s%n", "heisei", "%s%n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_and_last_day_of_each_era_are_in_it),
		cmocka_unit_test(a_day_outside_of_its_era_gets_no_year_of_any),
		cmocka_unit_test(without_an_era_the_day_is_of_the_west_alone),
		cmocka_unit_test(what_is_no_date_is_shown_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
