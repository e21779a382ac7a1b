/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "apdu/pin.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/script.h"

static void assert_normalised(enum jpki_applet applet, const char *text, const char *expected)
{
	CLEANUP(secret_freep) struct secret *pin = script_secret(text);

	assert_int_equal(pin_normalise(applet, pin), 0);
	assert_int_equal(pin->length, strlen(expected));
	assert_memory_equal(pin->bytes, expected, pin->length);
}

static void assert_refused(enum jpki_applet applet, const char *text)
{
	CLEANUP(secret_freep) struct secret *pin = script_secret(text);

	assert_int_equal(pin_normalise(applet, pin), ANSWER_PIN_FORMAT);
	assert_int_equal(pin->length, strlen(text));
	assert_memory_equal(pin->bytes, text, pin->length);
}

static void the_auth_pin_is_four_digits(void **state)
{
	assert_normalised(JPKI_AUTH, "0123", "0123");
	assert_normalised(JPKI_AUTH, "9999", "9999");
}

static void the_auth_pin_is_nothing_else(void **state)
{
	static const char *const bad[] = {
		"", "1", "123", "12345", "12 4", "123a", "123\n", "1234\n", "12３", "/123",
		":123", "ABC123",
	};

	for (size_t i = 0; i < LENGTH_OF(bad); i++)
		assert_refused(JPKI_AUTH, bad[i]);
}

static void the_sign_pin_is_6_to_16_letters_and_digits(void **state)
{
	assert_normalised(JPKI_SIGN, "ABC123", "ABC123");
	assert_normalised(JPKI_SIGN, "A23456789012345Z", "A23456789012345Z");
	assert_normalised(JPKI_SIGN, "ABCDE0", "ABCDE0");
	assert_normalised(JPKI_SIGN, "12345Z", "12345Z");
}

static void lower_case_of_the_sign_pin_becomes_upper_case(void **state)
{
	assert_normalised(JPKI_SIGN, "azAZ09", "AZAZ09");
	assert_normalised(JPKI_SIGN, "12345z", "12345Z");
}

static void the_sign_pin_is_nothing_else(void **state)
{
	static const char *const bad[] = {
		"", "1234", "AB123", "A234567890123456Z", "123456", "ABCDEF", "abcdef", "ABC 12",
		"ABC12-", "ABC12\n", "abc12é", "ＡBC123", "@BC123", "[BC123", "`bc123", "{bc123",
	};

	for (size_t i = 0; i < LENGTH_OF(bad); i++)
		assert_refused(JPKI_SIGN, bad[i]);
}

static void a_zero_byte_in_a_pin_is_refused(void **state)
{
	CLEANUP(secret_freep) struct secret *auth = script_secret("1234");
	CLEANUP(secret_freep) struct secret *sign = script_secret("ABC123");

	auth->bytes[3] = 0;
	sign->bytes[0] = 0;
	assert_int_equal(pin_normalise(JPKI_AUTH, auth), ANSWER_PIN_FORMAT);
	assert_int_equal(pin_normalise(JPKI_SIGN, sign), ANSWER_PIN_FORMAT);
}

static void lengths_are_those_that_are_accepted(void **state)
{
	size_t min, max;

	pin_lengths(JPKI_AUTH, &min, &max);
	assert_int_equal(min, 4);
	assert_int_equal(max, 4);
	pin_lengths(JPKI_SIGN, &min, &max);
	assert_int_equal(min, 6);
	assert_int_equal(max, 16);
}

static int check_code(const char *text)
{
	CLEANUP(secret_freep) struct secret *code = script_secret(text);

	return pin_check_reset_code(code);
}

static void a_reset_code_is_1_to_16_visible_ascii_characters(void **state)
{
	static const char *const good[] = { "1", "!", "~", "12345678", "a-Z_0!\"#$%&'()~" };
	static const char *const bad[] = { "", "12345678901234567", " ", "12 34", "1234\n", "12\t",
					   "\x7F", "é", "１２" };

	for (size_t i = 0; i < LENGTH_OF(good); i++)
		assert_int_equal(check_code(good[i]), 0);
	for (size_t i = 0; i < LENGTH_OF(bad); i++)
		assert_int_equal(check_code(bad[i]), ANSWER_PIN_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_auth_pin_is_four_digits),
		cmocka_unit_test(the_auth_pin_is_nothing_else),
		cmocka_unit_test(the_sign_pin_is_6_to_16_letters_and_digits),
		cmocka_unit_test(lower_case_of_the_sign_pin_becomes_upper_case),
		cmocka_unit_test(the_sign_pin_is_nothing_else),
		cmocka_unit_test(a_zero_byte_in_a_pin_is_refused),
		cmocka_unit_test(lengths_are_those_that_are_accepted),
		cmocka_unit_test(a_reset_code_is_1_to_16_visible_ascii_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
