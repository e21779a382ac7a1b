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

/* The DigestInfo of SHA-256 (RFC 8017, 9.2) with an empty digest. */
static void objects_are_given_one_after_the_other_and_nest(void **state)
{
	uint8_t bytes[64];
	struct tlv_iterator outer = {
		.bytes = bytes,
		.length = script_bytes("30 11 30 0D 06 09 60 86 48 01 65 03 04 02 01 05 00 04 00",
				       bytes, sizeof(bytes)),
	};
	struct tlv_iterator inner;
	struct tlv tlv;

	assert_true(tlv_next(&outer, &tlv));
	assert_int_equal(tlv.length, 0x11);
	assert_int_equal(outer.length, 0);
	assert_false(tlv_next(&outer, &tlv));

	inner = (struct tlv_iterator){ .bytes = tlv.value, .length = tlv.length };
	assert_true(tlv_next(&inner, &tlv));
	assert_int_equal(tlv.tag, 0x30);
	assert_int_equal(tlv.value[0], 0x06);
	assert_true(tlv_next(&inner, &tlv));
	assert_int_equal(tlv.tag, 0x04);
	assert_int_equal(tlv.length, 0);
	assert_false(tlv_next(&inner, &tlv));
	assert_int_equal(inner.length, 0);
}

static void a_value_that_runs_over_the_end_stops_the_iterator_where_it_begins(void **state)
{
	uint8_t bytes[64];
	struct tlv_iterator iterator = {
		.bytes = bytes,
		.length = script_bytes("04 01 AA 04 84 FF FF FF FF BB", bytes, sizeof(bytes)),
	};
	struct tlv tlv;

	assert_true(tlv_next(&iterator, &tlv));
	assert_int_equal(tlv.value[0], 0xAA);
	assert_false(tlv_next(&iterator, &tlv));
	assert_int_equal(tlv.value[0], 0xAA);
	assert_ptr_equal(iterator.bytes, bytes + 3);
	assert_int_equal(iterator.length, 7);

	iterator = (struct tlv_iterator){ bytes, script_bytes("04 02 AA", bytes, sizeof(bytes)) };
	assert_false(tlv_next(&iterator, &tlv));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_and_long_lengths_are_read_up_to_four_octets),
		cmocka_unit_test(a_tag_has_one_or_two_octets),
		cmocka_unit_test(what_is_cut_short_indefinite_or_reserved_is_no_header),
		cmocka_unit_test(objects_are_given_one_after_the_other_and_nest),
		cmocka_unit_test(a_value_that_runs_over_the_end_stops_the_iterator_where_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
