/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of PC/SC part 10, by the letter and against pcsc-lite's own structures. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <reader.h>

#include "base/cleanup.h"
#include "daemon/pin-pad.h"
#include "tests/unit/script.h"

#define BOTH "06 04 42 33 00 06  07 04 42 33 00 07"

static const struct pin_entry auth = { 4, 4, false }, sign = { 6, 16, false };
static const struct pin_entry new_auth = { 4, 4, true }, new_sign = { 6, 16, true };

/* --- the list of features ------ */

/* In memory of its own, so that a sanitizer sees a byte too far. */
static bool parse(const uint8_t *bytes, size_t length, struct pin_pad *ret_pad)
{
	CLEANUP(freep) uint8_t *features = malloc(length > 0 ? length : 1);

	assert_non_null(features);
	memcpy(features, bytes, length);
	return pin_pad_parse(features, length, ret_pad);
}

static bool parse_hex(const char *hex, struct pin_pad *ret_pad)
{
	uint8_t bytes[PIN_PAD_FEATURES_LENGTH_MAX];

	return parse(bytes, script_bytes(hex, bytes, sizeof(bytes)), ret_pad);
}

static void a_reader_with_both_features_has_a_pad(void **state)
{
	static const char *const lists[] = {
		BOTH,
		"07 04 42 33 00 07  06 04 42 33 00 06",
		/* A reader of Gemalto's, with libccid. */
		BOTH " 0A 04 42 33 00 0A  12 04 42 33 00 12  01 04 00 00 00 00",
	};

	for (size_t i = 0; i < LENGTH_OF(lists); i++) {
		struct pin_pad pad = { 0 };

		assert_true(parse_hex(lists[i], &pad));
		assert_int_equal(pad.verify_pin_direct, 0x42330006);
		assert_int_equal(pad.modify_pin_direct, 0x42330007);
		assert_int_equal(pin_pad_control_code(&pad, &auth), 0x42330006);
		assert_int_equal(pin_pad_control_code(&pad, &new_auth), 0x42330007);
	}
}

static void a_pad_may_take_no_new_pins(void **state)
{
	static const char *const lists[] = {
		"06 04 42 33 00 06",
		"06 04 42 33 00 06  07 04 00 00 00 00",
	};

	for (size_t i = 0; i < LENGTH_OF(lists); i++) {
		struct pin_pad pad = { 0 };

		assert_true(parse_hex(lists[i], &pad));
		assert_int_equal(pin_pad_control_code(&pad, &auth), 0x42330006);
		assert_int_equal(pad.modify_pin_direct, 0);
	}
}

static void a_reader_without_the_first_of_them_or_with_rubbish_has_none(void **state)
{
	static const char *const lists[] = {
		"",
		"07 04 42 33 00 07",
		"0A 04 42 33 00 0A  12 04 42 33 00 12",
		"06 04 00 00 00 00  07 04 42 33 00 07",
		"06 03 42 33 00  07 04 42 33 00 07",
		"06 04 42 33 00 06  07 05 42 33 00 07 00",
		"06 00 07 00",
		BOTH "00",
		BOTH "0A 04",
		BOTH "0A FF 00 00 00 00",
		BOTH "0A 04 42 33 00",
		"FF FF FF FF FF FF FF FF FF FF FF FF",
		"00 00 00 00 00 00 00 00 00 00 00 00",
	};

	for (size_t i = 0; i < LENGTH_OF(lists); i++) {
		struct pin_pad pad = { 7, 8 };

		assert_false(parse_hex(lists[i], &pad));
		assert_int_equal(pad.verify_pin_direct, 7);
		assert_int_equal(pad.modify_pin_direct, 8);
	}
}

static void no_list_that_is_cut_short_is_a_pad(void **state)
{
	uint8_t bytes[16];
	const size_t length = script_bytes(BOTH, bytes, sizeof(bytes));
	struct pin_pad pad;

	/* Half of it is a list of one. */
	for (size_t i = 0; i <= length; i++)
		assert_int_equal(parse(bytes, i, &pad), i == length / 2 || i == length);
}

/* --- what is asked of the pad ------ */

static void assert_request(const uint8_t header[4], const struct pin_entry *entry, const char *hex)
{
	uint8_t request[PIN_PAD_REQUEST_LENGTH_MAX];

	script_assert_hex(request, pin_pad_request(header, entry, request), hex);
}

static void verify_is_asked_for_by_the_letter(void **state)
{
	static const uint8_t verify_auth[] = { 0x00, 0x20, 0x00, 0x98 };
	static const uint8_t verify_sign[] = { 0x00, 0x20, 0x00, 0x9B };

	assert_request(verify_auth, &auth,
		       "1E 1E 82 00 00  04 04 02 01 11 04 00  00 00 00  05 00 00 00 "
		       "00 20 00 98 00");
	assert_request(verify_sign, &sign,
		       "1E 1E 82 00 00  10 06 02 01 11 04 00  00 00 00  05 00 00 00 "
		       "00 20 00 9B 00");
}

static void modify_is_asked_for_by_the_letter(void **state)
{
	static const uint8_t change[] = { 0x00, 0x24, 0x01, 0x80 };

	assert_request(change, &new_auth,
		       "1E 1E 82 00 00  00 00  04 04 01 02 02 11 04 01 02 00  00 00 00 "
		       "05 00 00 00 00 24 01 80 00");
	assert_request(change, &new_sign,
		       "1E 1E 82 00 00  00 00  10 06 01 02 02 11 04 01 02 00  00 00 00 "
		       "05 00 00 00 00 24 01 80 00");
}

/* Part 10 is little endian whatever the machine is. */
static void pcsc_lites_structures_have_the_fields_in_the_same_places(void **state)
{
	static const uint8_t header[] = { 0x00, 0x20, 0x00, 0x98 };
	uint8_t request[PIN_PAD_REQUEST_LENGTH_MAX];
	size_t length = pin_pad_request(header, &sign, request);
	const PIN_VERIFY_STRUCTURE *verify = (const void *)request;
	const PIN_MODIFY_STRUCTURE *modify = (const void *)request;

	assert_int_equal(length, sizeof(*verify) + le32toh(verify->ulDataLength));
	assert_int_equal(verify->bTimerOut, 30);
	assert_int_equal(verify->bTimerOut2, 30);
	assert_int_equal(verify->bmFormatString, 0x82);
	assert_int_equal(le16toh(verify->wPINMaxExtraDigit), 0x0610);
	assert_int_equal(verify->bEntryValidationCondition, 0x02);
	assert_int_equal(verify->bNumberMessage, 1);
	assert_int_equal(le16toh(verify->wLangId), 0x0411);
	assert_memory_equal(verify->abData, header, sizeof(header));

	length = pin_pad_request(header, &new_sign, request);
	assert_int_equal(length, sizeof(*modify) + le32toh(modify->ulDataLength));
	assert_int_equal(modify->bTimerOut, 30);
	assert_int_equal(modify->bTimerOut2, 30);
	assert_int_equal(modify->bmFormatString, 0x82);
	assert_int_equal(le16toh(modify->wPINMaxExtraDigit), 0x0610);
	assert_int_equal(modify->bConfirmPIN, 0x01);
	assert_int_equal(modify->bEntryValidationCondition, 0x02);
	assert_int_equal(modify->bNumberMessage, 2);
	assert_int_equal(le16toh(modify->wLangId), 0x0411);
	assert_int_equal(modify->bMsgIndex1, 1);
	assert_int_equal(modify->bMsgIndex2, 2);
	assert_memory_equal(modify->abData, header, sizeof(header));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_with_both_features_has_a_pad),
		cmocka_unit_test(a_pad_may_take_no_new_pins),
		cmocka_unit_test(a_reader_without_the_first_of_them_or_with_rubbish_has_none),
		cmocka_unit_test(no_list_that_is_cut_short_is_a_pad),
		cmocka_unit_test(verify_is_asked_for_by_the_letter),
		cmocka_unit_test(modify_is_asked_for_by_the_letter),
		cmocka_unit_test(pcsc_lites_structures_have_the_fields_in_the_same_places),
	};

	return cmocka_run_group_tests_name("pin-pad", tests, NULL, NULL);
}
