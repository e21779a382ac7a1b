/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns and lines of text that has kanji and kana in it. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "client/text.h"

static int set_locale(void **state)
{
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static void kanji_and_kana_take_two_columns(void **state)
{
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("auth"), 4);
	assert_int_equal(text_width("署名用"), 6);
	assert_int_equal(text_width("残り 3 回（最大 3 回）"), 22);
	assert_int_equal(text_width("e\u0301"), 1);
}

static void bytes_that_are_no_utf8_take_one_each(void **state)
{
	assert_int_equal(text_width("a\xFFz"), 3);
	assert_int_equal(text_width("a\xE7\xBD"), 3);
	assert_int_equal(text_width("\xE7署"), 3);
}

static void padding_goes_by_columns(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *padded;
	} cases[] = {
		{ "auth", 8, "auth    " }, { "署名用", 8, "署名用  " }, { "署名用", 6, "署名用" },
		{ "署名用", 2, "署名用" }, { "", 2, "  " },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		CLEANUP(freep) char *bytes = NULL;
		size_t length;
		FILE *stream = open_memstream(&bytes, &length);

		assert_non_null(stream);
		text_pad(stream, cases[i].text, cases[i].width);
		fclose(stream);
		assert_string_equal(bytes, cases[i].padded);
	}
}

static void lines_end_at_blanks_and_between_kanji(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *line;
	} cases[] = {
		{ "one two three", 7, "one two " }, { "one two three", 6, "one " },
		{ "one two three", 13, "one two three" }, { "one", 2, "on" },
		{ "署名用電子", 7, "署名用" }, { "署名用電子", 10, "署名用電子" },
		{ "署名は、窓口", 6, "署名" }, { "署名（窓口）", 7, "署名" },
		{ "窓口でJPKIを", 8, "窓口で" }, { "署", 1, "署" }, { "", 5, "" },
		{ "署名用", SIZE_MAX, "署名用" },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		assert_int_equal(text_fit(cases[i].text, cases[i].columns), strlen(cases[i].line));
		assert_memory_equal(cases[i].text, cases[i].line, strlen(cases[i].line));
	}
}

static void tries_are_told_of_how_many(void **state)
{
	char text[TEXT_TRIES_SIZE];

	assert_string_equal(text_tries(2, 3, text), "2 of 3 tries left");
	assert_string_equal(text_tries(0, 3, text), "locked");
	assert_string_equal(text_tries(-1, 3, text), "tries not known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kanji_and_kana_take_two_columns),
		cmocka_unit_test(bytes_that_are_no_utf8_take_one_each),
		cmocka_unit_test(padding_goes_by_columns),
		cmocka_unit_test(lines_end_at_blanks_and_between_kanji),
		cmocka_unit_test(tries_are_told_of_how_many),
	};

	return cmocka_run_group_tests(tests, set_locale, NULL);
}
