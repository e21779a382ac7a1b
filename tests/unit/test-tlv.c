/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/tlv.h"
#include "tests/unit/script.h"

static struct tlv header_of(const char *hex)
{
	uint8_t bytes[64];
	const size_t length = script_bytes(hex, bytes, sizeof(bytes));
	struct tlv tlv = { 0 };

	assert_true(tlv_read_header(bytes, length, &tlv));
	assert_ptr_equal(tlv.value, bytes + tlv.header_length);
	return tlv;
}

static void assert_no_header(const char *hex)
{
	uint8_t bytes[64];
	const size_t length = script_bytes(hex, bytes, sizeof(bytes));
	struct tlv tlv = { .tag = 0x1234 };

	assert_false(tlv_read_header(bytes, length, &tlv));
	assert_int_equal(tlv.tag, 0x1234);
}

static void short_and_long_lengths_are_read_up_to_four_octets(void **state)
{
	static const struct {
		const char *hex;
		size_t header_length, length;
	} headers[] = {
		{ "30 00", 2, 0 },
		{ "30 7F", 2, 127 },
		{ "30 81 80", 3, 128 },
		{ "30 82 06 2B", 4, 0x062B },
		{ "30 83 01 00 00", 5, 0x10000 },
		{ "30 84 FF FF FF FF", 6, 0xFFFFFFFF },
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const struct tlv tlv = header_of(headers[i].hex);

		assert_int_equal(tlv.tag, TLV_SEQUENCE);
		assert_int_equal(tlv.header_length, headers[i].header_length);
		assert_int_equal(tlv.length, headers[i].length);
	}
}

static void a_tag_has_one_or_two_octets(void **state)
{
	assert_int_equal(header_of("6F 00").tag, 0x6F);
	assert_int_equal(header_of("7F 49 02").tag, 0x7F49);
	assert_int_equal(header_of("7F 49 02").header_length, 3);
	assert_no_header("7F 81 01 00");
}

static void what_is_cut_short_indefinite_or_reserved_is_no_header(void **state)
{
	static const char *const bad[] = {
		"", "30", "7F", "7F 49", "30 81", "30 82 06", "30 84 00 00 00",
		"30 80 00 00", "30 FF 00", "30 85 00 00 00 00 01",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_no_header(bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_and_long_lengths_are_read_up_to_four_octets),
		cmocka_unit_test(a_tag_has_one_or_two_octets),
		cmocka_unit_test(what_is_cut_short_indefinite_or_reserved_is_no_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
