/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/substitute.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct substitutes assert_shown(const char *text, const char *flags, const char *expected)
{
	char *shown = NULL;
	size_t length;
	FILE *stream = open_memstream(&shown, &length);
	struct substitutes found;

	assert_non_null(stream);
	found = substitutes_print(text, flags, stream);
	assert_int_equal(fclose(stream), 0);
	assert_string_equal(shown, expected);
	free(shown);
	return found;
}

static void characters_are_counted_by_code_points_whatever_their_length(void **state)
{
	struct substitutes found = assert_shown("aé公\xF0\xA0\xAE\xB7z", "01110", "a[é][公][\xF0\xA0\xAE\xB7]z");

	assert_int_equal(found.characters, 5);
	assert_int_equal(found.flags, 5);
	assert_int_equal(found.flagged, 3);
	assert_int_equal(found.marked, 3);
}

static void a_full_width_blank_is_a_character(void **state)
{
	assert_shown("公的　花子", "00010", "公的　[花]子");
}

static void without_flags_nothing_is_marked(void **state)
{
	assert_shown("公的", NULL, "公的");
	assert_shown("公的", "", "公的");
	assert_int_equal(assert_shown("公的", "00", "公的").flagged, 0);
}

static void flags_that_are_too_few_mark_what_they_have(void **state)
{
	struct substitutes found = assert_shown("公的花", "1", "[公]的花");

	assert_int_equal(found.characters, 3);
	assert_int_equal(found.flags, 1);
	assert_int_equal(found.marked, 1);
}

static void flags_behind_the_text_mark_nothing(void **state)
{
	struct substitutes found = assert_shown("公的", "00011", "公的");

	assert_int_equal(found.characters, 2);
	assert_int_equal(found.flags, 5);
	assert_int_equal(found.flagged, 2);
	assert_int_equal(found.marked, 0);
	assert_int_equal(assert_shown("", "1", "").characters, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_are_counted_by_code_points_whatever_their_length),
		cmocka_unit_test(a_full_width_blank_is_a_character),
		cmocka_unit_test(without_flags_nothing_is_marked),
		cmocka_unit_test(flags_that_are_too_few_mark_what_they_have),
		cmocka_unit_test(flags_behind_the_text_mark_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
