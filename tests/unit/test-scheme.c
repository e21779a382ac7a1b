/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each signature scheme takes, and what the card is sent for it. */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/scheme.h"
#include "tests/unit/script.h"

static const struct {
	const char *name;
	size_t min, max;
	enum jpki_padding padding;
	const char *prefix; /* of the DigestInfo, RFC 8017, 9.2, note 1 */
} schemes[] = {
	{ "rsa-pkcs1-sha1", 20, 20, JPKI_PADDING_PKCS1, "30 21 30 09 06 05 2B 0E 03 02 1A 05 00 04 14" },
	{ "rsa-pkcs1-sha256", 32, 32, JPKI_PADDING_PKCS1,
	  "30 31 30 0D 06 09 60 86 48 01 65 03 04 02 01 05 00 04 20" },
	{ "rsa-pkcs1-sha384", 48, 48, JPKI_PADDING_PKCS1,
	  "30 41 30 0D 06 09 60 86 48 01 65 03 04 02 02 05 00 04 30" },
	{ "rsa-pkcs1-sha512", 64, 64, JPKI_PADDING_PKCS1,
	  "30 51 30 0D 06 09 60 86 48 01 65 03 04 02 03 05 00 04 40" },
	{ "rsa-pkcs1", 1, 245, JPKI_PADDING_PKCS1, "" },
	{ "rsa-pss-sha256", 32, 32, JPKI_PADDING_PSS_SHA256, "" },
};

static uint8_t input[300];

static int setup(void **state)
{
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)(i * 7 + 1);
	return 0;
}

static void a_scheme_is_found_by_its_name_and_pads_as_it_says(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(schemes); i++) {
		const struct scheme *scheme = scheme_find(schemes[i].name);

		assert_non_null(scheme);
		assert_int_equal(scheme_padding(scheme), schemes[i].padding);
	}
}

static void no_other_name_is_a_scheme(void **state)
{
	static const char *const names[] = { "", "rsa", "RSA-PKCS1", "rsa-pkcs1-", "rsa-pkcs1-sha224", "rsa-pkcs1-md5",
					     "rsa-pss", "rsa-pss-sha1", "rsa-pss-sha512", "rsa-pkcs1-sha256 " };

	for (size_t i = 0; i < LENGTH_OF(names); i++)
		assert_null(scheme_find(names[i]));
}

static void a_length_that_the_scheme_does_not_take_is_refused(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(schemes); i++) {
		const struct scheme *scheme = scheme_find(schemes[i].name);
		const size_t lengths[] = { 0, schemes[i].min - 1, schemes[i].max + 1, sizeof(input) };

		for (size_t j = 0; j < LENGTH_OF(lengths); j++) {
			struct job_bytes prepared = { NULL, 99 };

			assert_int_equal(scheme_prepare(scheme, input, lengths[j], &prepared), ANSWER_INVALID_INPUT);
			assert_null(prepared.bytes);
			assert_int_equal(prepared.length, 99);
		}
	}
}

static void what_the_card_is_sent_is_the_input_behind_the_schemes_digest_info(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(schemes); i++) {
		const struct scheme *scheme = scheme_find(schemes[i].name);
		const size_t lengths[] = { schemes[i].min, schemes[i].max };
		uint8_t prefix[32];
		const size_t prefix_length = script_bytes(schemes[i].prefix, prefix, sizeof(prefix));

		for (size_t j = 0; j < LENGTH_OF(lengths); j++) {
			struct job_bytes prepared = { 0 };

			assert_int_equal(scheme_prepare(scheme, input, lengths[j], &prepared), 0);
			assert_int_equal(prepared.length, prefix_length + lengths[j]);
			assert_memory_equal(prepared.bytes, prefix, prefix_length);
			assert_memory_equal(prepared.bytes + prefix_length, input, lengths[j]);
			free(prepared.bytes);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scheme_is_found_by_its_name_and_pads_as_it_says),
		cmocka_unit_test(no_other_name_is_a_scheme),
		cmocka_unit_test(a_length_that_the_scheme_does_not_take_is_refused),
		cmocka_unit_test(what_the_card_is_sent_is_the_input_behind_the_schemes_digest_info),
	};

	return cmocka_run_group_tests_name("scheme", tests, setup, NULL);
}
