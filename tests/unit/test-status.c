/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/status.h"
#include "base/error.h"
#include "tests/unit/script.h"

static void success_is_9000_alone(void **state)
{
	assert_true(status_is_success(0x9000));
	assert_false(status_is_success(0x9001));
	assert_false(status_is_success(0x6282));
	assert_false(status_is_success(0x6100));
}

static void data_comes_with_9000_and_with_the_end_of_the_file(void **state)
{
	assert_true(status_has_data(0x9000));
	assert_true(status_has_data(0x6282));
	assert_false(status_has_data(0x6281));
	assert_false(status_has_data(0x6982));
}

static void lengths_of_61xx_and_6Cxx_are_1_to_256(void **state)
{
	size_t le = 7;

	assert_false(status_has_more(0x6C10, &le));
	assert_false(status_has_right_le(0x6110, &le));
	assert_int_equal(le, 7);
	assert_true(status_has_more(0x6101, &le));
	assert_int_equal(le, 1);
	assert_true(status_has_more(0x6100, &le));
	assert_int_equal(le, 256);
	assert_true(status_has_right_le(0x6CFF, &le));
	assert_int_equal(le, 255);
	assert_true(status_has_right_le(0x6C00, &le));
	assert_int_equal(le, 256);
}

static void only_63Cx_tells_tries(void **state)
{
	static const uint16_t others[] = { 0x6300, 0x63B3, 0x63D3, 0x6983, 0x6984, 0x6203, 0x9003 };
	int tries = 7;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(status_tries(others[i], &tries));
	assert_int_equal(tries, 7);
	for (uint16_t x = 0; x <= 15; x++) {
		assert_true(status_tries(0x63C0 | x, &tries));
		assert_int_equal(tries, x);
	}
}

static void blocked_is_63C0_6983_and_6984(void **state)
{
	assert_true(status_is_blocked(0x63C0));
	assert_true(status_is_blocked(0x6983));
	assert_true(status_is_blocked(0x6984));
	assert_false(status_is_blocked(0x63C1));
	assert_false(status_is_blocked(0x6300));
	assert_false(status_is_blocked(0x6982));
	assert_false(status_is_blocked(0x6985));
}

static void a_refusal_is_67xx_to_6Exx(void **state)
{
	assert_true(status_is_refusal(0x6700));
	assert_true(status_is_refusal(0x6A82));
	assert_true(status_is_refusal(0x6E00));
	assert_false(status_is_refusal(0x66FF));
	assert_false(status_is_refusal(0x6F00));
	assert_false(status_is_refusal(0x6581));
	assert_false(status_is_refusal(0x63C2));
	assert_false(status_is_refusal(0x9000));
}

static void a_refused_reference_is_no_word_about_security_or_tries(void **state)
{
	static const uint16_t refused[] = { 0x6700, 0x6981, 0x6986, 0x6A80, 0x6A81,
					    0x6A82, 0x6A86, 0x6A88, 0x6B00, 0x6D00 };
	static const uint16_t others[] = { 0x9000, 0x6282, 0x6300, 0x63C0, 0x6982, 0x6983,
					   0x6984, 0x6985, 0x6C10, 0x6E00, 0x6F00 };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_true(status_refuses_reference(refused[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(status_refuses_reference(others[i]));
}

static void a_missing_current_ef_is_6981_or_6986(void **state)
{
	assert_true(status_lacks_current_ef(0x6981));
	assert_true(status_lacks_current_ef(0x6986));
	assert_false(status_lacks_current_ef(0x6982));
	assert_false(status_lacks_current_ef(0x6A82));
}

static void a_pad_has_four_words_of_its_own(void **state)
{
	static const uint16_t of_the_card[] = { 0x9000, 0x6300, 0x63C1, 0x6404, 0x6481,
						0x6581, 0x6983, 0x6B80 };

	assert_int_equal(status_pad_answer(0x6400), ANSWER_TIMEOUT);
	assert_int_equal(status_pad_answer(0x6401), ANSWER_DISMISSED);
	assert_int_equal(status_pad_answer(0x6402), ANSWER_PIN_FORMAT);
	assert_int_equal(status_pad_answer(0x6403), ANSWER_PIN_FORMAT);
	for (size_t i = 0; i < sizeof(of_the_card) / sizeof(of_the_card[0]); i++)
		assert_int_equal(status_pad_answer(of_the_card[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_is_9000_alone),
		cmocka_unit_test(data_comes_with_9000_and_with_the_end_of_the_file),
		cmocka_unit_test(lengths_of_61xx_and_6Cxx_are_1_to_256),
		cmocka_unit_test(only_63Cx_tells_tries),
		cmocka_unit_test(blocked_is_63C0_6983_and_6984),
		cmocka_unit_test(a_refusal_is_67xx_to_6Exx),
		cmocka_unit_test(a_refused_reference_is_no_word_about_security_or_tries),
		cmocka_unit_test(a_missing_current_ef_is_6981_or_6986),
		cmocka_unit_test(a_pad_has_four_words_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
