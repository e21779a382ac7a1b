/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "apdu/command.h"
#include "tests/unit/script.h"

static void assert_encoded(const struct command *command, const char *hex)
{
	uint8_t bytes[COMMAND_LENGTH_MAX];
	size_t length;

	assert_int_equal(command_encode(command, bytes, &length), 0);
	script_assert_hex(bytes, length, hex);
}

static void case_1_is_a_header_alone(void **state)
{
	const struct command command = { .ins = INS_VERIFY, .p2 = 0x80 };

	assert_encoded(&command, "00 20 00 80");
}

static void case_2_ends_with_Le_and_256_is_00(void **state)
{
	struct command command = { .ins = INS_READ_BINARY, .p1 = 0x8A, .le = 1 };

	assert_encoded(&command, "00 B0 8A 00 01");
	command.le = 255;
	assert_encoded(&command, "00 B0 8A 00 FF");
	command.le = 256;
	assert_encoded(&command, "00 B0 8A 00 00");
}

static void case_3_has_Lc_and_data(void **state)
{
	static const uint8_t id[] = { 0x00, 0x0A };
	const struct command command = {
		.ins = INS_SELECT, .p1 = 0x02, .p2 = 0x0C, .data = id, .length = sizeof(id),
	};

	assert_encoded(&command, "00 A4 02 0C 02 00 0A");
}

static void case_4_has_Lc_data_and_Le(void **state)
{
	static const uint8_t data[] = { 1, 2, 3 };
	const struct command command = {
		.cla = CLA_PROPRIETARY, .ins = INS_PERFORM_SECURITY_OPERATION, .p2 = 0x97,
		.data = data, .length = sizeof(data), .le = 256,
	};

	assert_encoded(&command, "80 2A 00 97 03 01 02 03 00");
}

static void the_longest_command_fits_exactly(void **state)
{
	const uint8_t data[COMMAND_DATA_MAX] = { 0 };
	const struct command command = { .data = data, .length = sizeof(data), .le = 256 };
	uint8_t bytes[COMMAND_LENGTH_MAX];
	size_t length;

	assert_int_equal(command_encode(&command, bytes, &length), 0);
	assert_int_equal(length, COMMAND_LENGTH_MAX);
	assert_int_equal(bytes[4], 255);
}

static void lengths_over_the_short_form_are_refused_and_nothing_is_written(void **state)
{
	const uint8_t data[COMMAND_DATA_MAX + 1] = { 0 };
	const struct command too_much_data = { .data = data, .length = sizeof(data) };
	const struct command too_much_wanted = { .le = COMMAND_LE_MAX + 1 };
	const uint8_t untouched[COMMAND_LENGTH_MAX] = { 0 };
	uint8_t bytes[COMMAND_LENGTH_MAX] = { 0 };
	size_t length = 7;

	assert_int_equal(command_encode(&too_much_data, bytes, &length), -EINVAL);
	assert_int_equal(command_encode(&too_much_wanted, bytes, &length), -EINVAL);
	assert_int_equal(length, 7);
	assert_memory_equal(bytes, untouched, sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_1_is_a_header_alone),
		cmocka_unit_test(case_2_ends_with_Le_and_256_is_00),
		cmocka_unit_test(case_3_has_Lc_and_data),
		cmocka_unit_test(case_4_has_Lc_data_and_Le),
		cmocka_unit_test(the_longest_command_fits_exactly),
		cmocka_unit_test(lengths_over_the_short_form_are_refused_and_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
