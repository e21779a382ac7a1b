/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "apdu/response.h"
#include "base/error.h"
#include "tests/unit/script.h"

static void a_status_word_alone_is_a_response_without_data(void **state)
{
	struct response response;

	assert_int_equal(response_parse((const uint8_t[]){ 0x63, 0xC2 }, 2, &response), 0);
	assert_int_equal(response.length, 0);
	assert_int_equal(response.sw, 0x63C2);
}

static void the_longest_response_has_256_bytes_of_data(void **state)
{
	uint8_t bytes[RESPONSE_LENGTH_MAX];
	struct response response;

	memset(bytes, 0xAB, sizeof(bytes));
	bytes[256] = 0x90;
	bytes[257] = 0x00;
	assert_int_equal(response_parse(bytes, sizeof(bytes), &response), 0);
	assert_int_equal(response.length, 256);
	assert_memory_equal(response.data, bytes, 256);
	assert_int_equal(response.sw, 0x9000);
}

static void lengths_that_no_response_has_are_refused_unread(void **state)
{
	static const size_t lengths[] = { 0, 1, RESPONSE_LENGTH_MAX + 1, SIZE_MAX };
	struct response response = { .length = 7, .sw = 0x1234 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		assert_int_equal(response_parse(NULL, lengths[i], &response), ANSWER_READER_ERROR);
	assert_int_equal(response.length, 7);
	assert_int_equal(response.sw, 0x1234);
}

static void more_is_appended_while_there_is_room_and_refused_whole_otherwise(void **state)
{
	struct response response = { .length = 250, .sw = 0x6106 };
	struct response more = { .data = { 1, 2, 3, 4, 5, 6, 7 }, .length = 7, .sw = 0x9000 };

	assert_false(response_append(&response, &more));
	assert_int_equal(response.length, 250);
	assert_int_equal(response.sw, 0x6106);

	more.length = 6;
	assert_true(response_append(&response, &more));
	assert_int_equal(response.length, 256);
	assert_int_equal(response.sw, 0x9000);
	assert_memory_equal(response.data + 250, more.data, 6);
}

static void a_wiped_response_is_zero(void **state)
{
	const struct response zero = { 0 };
	struct response response;

	memset(&response, 0xAB, sizeof(response));
	response_wipe(&response);
	assert_memory_equal(response.data, zero.data, sizeof(zero.data));
	assert_int_equal(response.length, 0);
	assert_int_equal(response.sw, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_word_alone_is_a_response_without_data),
		cmocka_unit_test(the_longest_response_has_256_bytes_of_data),
		cmocka_unit_test(lengths_that_no_response_has_are_refused_unread),
		cmocka_unit_test(more_is_appended_while_there_is_room_and_refused_whole_otherwise),
		cmocka_unit_test(a_wiped_response_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
