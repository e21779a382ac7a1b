/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "tests/unit/script.h"

/* What the C library makes of the same bytes; its characters go on beyond Unicode. */
static uint32_t judge(const char *text)
{
	mbstate_t state = { 0 };
	wchar_t character;
	const size_t size = mbrtowc(&character, text, strlen(text), &state);

	return size <= strlen(text) && character < UTF8_NO_CHARACTER ? (uint32_t)character :
									UTF8_NO_CHARACTER;
}

static void require_as_judged(const char *text)
{
	uint32_t character;
	const size_t size = utf8_read(text, SIZE_MAX, &character);

	assert_int_equal(character, judge(text));
	assert_int_equal(utf8_length(text), size);
	assert_in_range(size, 1, strlen(text));
	if (character == UTF8_NO_CHARACTER)
		assert_int_equal(size, 1);
}

/* All beginnings of two bytes, with what can make a difference after them. */
static void characters_are_those_of_the_c_library(void **state)
{
	static const char *const ends[] = {
		"", "\x7F", "\x80", "\xBF", "\xC0", "\x80\x80", "\xBF\xBF", "\x80\x7F", "\xBF\xC0",
		"\x80\x80\x80\x80",
	};

	for (unsigned int begin = 0x100; begin <= 0xFFFF; begin++)
		for (size_t i = 0; i < LENGTH_OF(ends); i++) {
			char text[8] = { (char)(begin >> 8), (char)begin };

			strcat(text, ends[i]);
			require_as_judged(text);
		}
}

static void nothing_is_read_beyond_the_length(void **state)
{
	static const char text[] = "😀";
	uint32_t character;

	for (size_t length = 1; length < strlen(text); length++) {
		CLEANUP(freep) char *cut = strndup(text, length);

		assert_int_equal(utf8_read(text, length, &character), 1);
		assert_int_equal(character, UTF8_NO_CHARACTER);
		assert_int_equal(utf8_read(cut, SIZE_MAX, &character), 1);
		assert_int_equal(character, UTF8_NO_CHARACTER);
	}
	assert_int_equal(utf8_read(text, strlen(text), &character), 4);
	assert_int_equal(character, 0x1F600);
}

static void controls_end_with_their_ranges(void **state)
{
	static const struct {
		uint32_t first, last;
	} controls[] = {
		{ 0, 0x1F }, { 0x7F, 0x9F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 },
		{ UTF8_NO_CHARACTER, UTF8_NO_CHARACTER },
	};
	uint32_t character = 0;

	for (size_t i = 0; i < LENGTH_OF(controls); i++) {
		for (; character < controls[i].first; character++)
			assert_false(utf8_is_control(character));
		for (; character <= controls[i].last; character++)
			assert_true(utf8_is_control(character));
	}
}

static void what_is_no_text_or_steers_a_terminal_is_cleaned(void **state)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {
		{ "", "" },
		{ "署名用 e\u0301 葛󠄀 😀", "署名用 e\u0301 葛󠄀 😀" },
		{ "\033[31m\x7F\n", "?[31m??" },
		{ "\xC2\x9B" "31m", "??31m" },
		{ "a\u202Eb\uFEFF\u00AD", "a???b?????" },
		{ "\u061C\u200B\u200F\u2028\u2060\u206F", "?????????????????" },
		{ "\u200A\u2010\u2027\u202F\u205F\u2070", "\u200A\u2010\u2027\u202F\u205F\u2070" },
		{ "\x9B" "31m", "?31m" },
		{ "a\xFFz", "a?z" },
		{ "a\xE7\xBD", "a??" },
		{ "\xE7署", "?署" },
		{ "\xED\xA0\x80", "???" },         /* a surrogate */
		{ "\xC0\x80", "??" },              /* too long for what it is */
		{ "\xF4\x90\x80\x80", "????" },    /* beyond Unicode */
		{ "\xF8\x88\x80\x80\x80", "?????" },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		CLEANUP(freep) char *text = strdup(cases[i].text);

		utf8_clean(text);
		assert_string_equal(text, cases[i].clean);
	}
}

static int set_locale(void **state)
{
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_are_those_of_the_c_library),
		cmocka_unit_test(nothing_is_read_beyond_the_length),
		cmocka_unit_test(controls_end_with_their_ranges),
		cmocka_unit_test(what_is_no_text_or_steers_a_terminal_is_cleaned),
	};

	return cmocka_run_group_tests(tests, set_locale, NULL);
}
