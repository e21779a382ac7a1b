/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/log.h"
#include "tests/unit/script.h"

static int last_level;
static char last_line[2048];
static unsigned int count;

static void keep(int level, const char *line)
{
	last_level = level;
	strncpy(last_line, line, sizeof(last_line) - 1);
	count++;
}

static int set_up(void **state)
{
	count = 0;
	log_set_sink(keep);
	log_set_level(LOG_INFO);
	return 0;
}

static void the_sink_gets_the_level_and_the_finished_line(void **state)
{
	log_warning("%d tries", 2);
	assert_int_equal(count, 1);
	assert_int_equal(last_level, LOG_WARNING);
	assert_string_equal(last_line, "2 tries");
}

static void what_is_over_the_level_is_not_said(void **state)
{
	log_debug("no");
	assert_int_equal(count, 0);
	log_set_level(LOG_DEBUG);
	log_debug("yes");
	assert_int_equal(count, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_sink_gets_the_level_and_the_finished_line, set_up),
		cmocka_unit_test_setup(what_is_over_the_level_is_not_said, set_up),
		cmocka_unit_test_setup(a_line_that_is_too_long_is_cut, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
