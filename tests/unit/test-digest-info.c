/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "apdu/digest-info.h"
#include "tests/unit/script.h"

/* RFC 8017, 9.2, note 1, with the digests of the empty message. */
static const struct {
	enum digest digest;
	const char *value;
	const char *prefix;
} vectors[] = {
	{ DIGEST_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	  "30 21 30 09 06 05 2b 0e 03 02 1a 05 00 04 14" },
	{ DIGEST_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	  "30 31 30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00 04 20" },
	{ DIGEST_SHA384,
	  "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
	  "274edebfe76f65fbd51ad2f14898b95b",
	  "30 41 30 0d 06 09 60 86 48 01 65 03 04 02 02 05 00 04 30" },
	{ DIGEST_SHA512,
	  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
	  "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
	  "30 51 30 0d 06 09 60 86 48 01 65 03 04 02 03 05 00 04 40" },
};

static void every_digest_gets_the_prefix_of_rfc_8017(void **state)
{
	assert_int_equal(sizeof(vectors) / sizeof(vectors[0]), DIGEST_COUNT);
	for (size_t i = 0; i < DIGEST_COUNT; i++) {
		uint8_t value[DIGEST_LENGTH_MAX], bytes[DIGEST_INFO_LENGTH_MAX];
		const size_t length = script_bytes(vectors[i].value, value, sizeof(value));
		size_t total;

		assert_int_equal(digest_length(vectors[i].digest), length);
		assert_int_equal(digest_info_encode(vectors[i].digest, value, length, bytes,
						    &total),
				 0);
		assert_true(total > length);
		script_assert_hex(bytes, total - length, vectors[i].prefix);
		assert_memory_equal(bytes + total - length, value, length);
	}
}

static void a_digest_of_another_length_is_refused_and_nothing_is_written(void **state)
{
	static const size_t lengths[] = { 0, 19, 21, 31, 33, 47, 49, 63, 65 };
	const uint8_t untouched[DIGEST_INFO_LENGTH_MAX] = { 0 }, value[65] = { 0 };
	uint8_t bytes[DIGEST_INFO_LENGTH_MAX] = { 0 };
	size_t total = 7;

	for (unsigned int digest = 0; digest < DIGEST_COUNT; digest++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
			assert_int_equal(digest_info_encode((enum digest)digest, value, lengths[i],
							    bytes, &total),
					 -EINVAL);
	assert_int_equal(total, 7);
	assert_memory_equal(bytes, untouched, sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_digest_gets_the_prefix_of_rfc_8017),
		cmocka_unit_test(a_digest_of_another_length_is_refused_and_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
