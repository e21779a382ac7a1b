/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <dbus/dbus.h>

#include "dbus/error.h"

static void every_answer_has_a_name_of_its_own(void **state)
{
	for (int i = 1; i < ANSWER_COUNT; i++) {
		const char *name = error_name((enum answer)i);

		assert_true(dbus_validate_error_name(name, NULL));
		assert_int_equal(error_answer(name), i);
	}
}

static void names_are_the_documented_ones(void **state)
{
	assert_string_equal(error_name(ANSWER_NO_CARD), "org.jpkid1.Error.NoCard");
	assert_string_equal(error_name(ANSWER_PIN_INCORRECT), "org.jpkid1.Error.PinIncorrect");
	assert_string_equal(error_name(ANSWER_DISMISSED), "org.jpkid1.Error.Dismissed");
	assert_string_equal(error_name(ANSWER_UNKNOWN_OBJECT),
			    "org.freedesktop.DBus.Error.UnknownObject");
	assert_string_equal(error_name(ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED),
			    "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired");
}

static void strange_answers_and_names_are_failed(void **state)
{
	assert_string_equal(error_name((enum answer)0), "org.freedesktop.DBus.Error.Failed");
	assert_string_equal(error_name((enum answer) - 5), "org.freedesktop.DBus.Error.Failed");
	assert_string_equal(error_name(ANSWER_COUNT), "org.freedesktop.DBus.Error.Failed");
	assert_int_equal(error_answer("org.jpkid1.Error.NoCards"), ANSWER_FAILED);
	assert_int_equal(error_answer(""), ANSWER_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_a_name_of_its_own),
		cmocka_unit_test(names_are_the_documented_ones),
		cmocka_unit_test(strange_answers_and_names_are_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
