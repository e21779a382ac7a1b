/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a signature is asked for, alone and with all that goes before it. */
#include <errno.h>
#include <string.h>

#include "apdu/digest-info.h"
#include "apdu/jpki.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/card-commands.h"
#include "tests/unit/script.h"

/* SHA-256 of the empty message, RFC 8017, 9.2. */
#define DIGEST "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
#define DIGEST_INFO "3031300D060960864801650304020105000420" DIGEST
#define SIGN_AUTH "80 2A 00 97 33" DIGEST_INFO "00"
#define SIGN_PLAIN "80 2A 00 80 33" DIGEST_INFO "00"

static int sign_on(struct script *script, struct jpki *jpki, enum jpki_applet applet,
		   uint8_t *ret_signature, size_t *ret_length)
{
	uint8_t input[64];
	const size_t length = script_bytes(DIGEST_INFO, input, sizeof(input));
	int r;

	jpki->channel = script_channel(script);
	r = jpki_sign(jpki, applet, JPKI_PADDING_PKCS1, input, length, ret_signature, ret_length);
	script_assert_done(script);
	return r;
}

static void an_auth_signature_is_four_commands_and_one_to_clear(void **state)
{
	CLEANUP(secret_freep) struct secret *pin = script_secret("1234");
	uint8_t body[256], input[64], signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct script script = SCRIPT(
		{ SELECT_AP, OK }, { QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK },
		{ SIGN_AUTH, OK, 0, body, sizeof(body) },
		{ SELECT_ISD, OK });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	size_t input_length, length;
	int tries;

	memset(body, 0xA5, sizeof(body));
	assert_int_equal(jpki_select(&jpki), 0);
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(jpki_verify(&jpki, JPKI_AUTH, pin, &tries), 0);
	input_length = script_bytes(DIGEST_INFO, input, sizeof(input));
	assert_int_equal(jpki_sign(&jpki, JPKI_AUTH, JPKI_PADDING_PKCS1, input, input_length,
				   signature, &length),
			 0);
	assert_int_equal(jpki_clear(&jpki), 0);
	script_assert_done(&script);
	assert_int_equal(length, sizeof(body));
	assert_memory_equal(signature, body, sizeof(body));
}

static void a_sign_signature_by_select_names_each_ef_once(void **state)
{
	CLEANUP(secret_freep) struct secret *pin = script_secret("ABC123");
	uint8_t input[64], signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct script script = SCRIPT(
		{ SELECT_AP, OK }, { QUERY_SIGN, "6A 86" }, { SELECT_SIGN_PIN, OK },
		{ QUERY_PLAIN, "63 C5" }, { "00 20 00 80 06 41 42 43 31 32 33", OK },
		{ SELECT_EF "00 1A", OK }, { SIGN_PLAIN, "A5" OK },
		{ SIGN_PLAIN, "A5" OK });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	size_t input_length, length;
	int tries;

	assert_int_equal(jpki_select(&jpki), 0);
	assert_int_equal(jpki_tries(&jpki, JPKI_SIGN, &tries), 0);
	assert_int_equal(jpki_verify(&jpki, JPKI_SIGN, pin, &tries), 0);
	input_length = script_bytes(DIGEST_INFO, input, sizeof(input));
	for (int i = 0; i < 2; i++)
		assert_int_equal(jpki_sign(&jpki, JPKI_SIGN, JPKI_PADDING_PKCS1, input,
					   input_length, signature, &length),
				 0);
	script_assert_done(&script);
}

static void pss_has_its_own_p1_and_takes_the_digest_alone(void **state)
{
	uint8_t input[64], signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct script script = SCRIPT({ "80 2A 04 9A 20" DIGEST "00", "A5" OK });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	size_t length;

	assert_int_equal(jpki_sign(&jpki, JPKI_SIGN, JPKI_PADDING_PSS_SHA256, input,
				   script_bytes(DIGEST, input, sizeof(input)), signature, &length),
			 0);
	script_assert_done(&script);
	assert_int_equal(length, 1);
}

static void an_input_that_cannot_fit_is_not_sent(void **state)
{
	const uint8_t input[JPKI_SIGN_INPUT_MAX + 1] = { 0 };
	struct script nothing = { 0 };
	struct jpki jpki = JPKI_INIT(script_channel(&nothing));
	uint8_t signature[JPKI_SIGNATURE_LENGTH_MAX];
	size_t length;
	static const struct {
		enum jpki_padding padding;
		size_t length;
	} inputs[] = {
		{ JPKI_PADDING_PKCS1, 0 },	 { JPKI_PADDING_PKCS1, sizeof(input) },
		{ JPKI_PADDING_PSS_SHA256, 31 }, { JPKI_PADDING_PSS_SHA256, 33 },
		{ (enum jpki_padding)2, 32 },
	};

	for (size_t i = 0; i < LENGTH_OF(inputs); i++)
		assert_int_equal(jpki_sign(&jpki, JPKI_AUTH, inputs[i].padding, input,
					   inputs[i].length, signature, &length),
				 -EINVAL);
}

static void sign_falls_back_on_select_and_remembers_only_what_helped(void **state)
{
	struct script helps = SCRIPT({ SIGN_AUTH, "69 86" },
				     { SELECT_EF "00 17", OK },
				     { SIGN_PLAIN, "A5" OK });
	struct script refused = SCRIPT({ SIGN_AUTH, "6A 86" },
				       { SELECT_EF "00 17", OK },
				       { SIGN_PLAIN, "6A 86" });
	uint8_t signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct jpki jpki = JPKI_INIT(script_channel(NULL));
	size_t length = 7;

	assert_int_equal(sign_on(&refused, &jpki, JPKI_AUTH, signature, &length),
			 ANSWER_CARD_ERROR);
	assert_int_equal(jpki.ins, 0x2A);
	assert_int_equal(jpki.sw, 0x6A86);
	assert_int_equal(length, 7);
	assert_true(jpki.short_ef);
	assert_int_equal(sign_on(&helps, &jpki, JPKI_AUTH, signature, &length), 0);
	assert_int_equal(length, 1);
	assert_false(jpki.short_ef);
}

static void a_refused_sign_writes_nothing(void **state)
{
	static const struct {
		const char *answer;
		int result;
	} answers[] = {
		{ "69 82", ANSWER_PIN_REQUIRED }, { "69 85", ANSWER_CARD_ERROR },
		{ "6F 00", ANSWER_CARD_ERROR },	  { OK, ANSWER_CARD_ERROR },
		{ "A5 62 82", ANSWER_CARD_ERROR },
	};

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script script =
			SCRIPT({ SIGN_AUTH, answers[i].answer });
		uint8_t signature[JPKI_SIGNATURE_LENGTH_MAX] = { 7 };
		struct jpki jpki = JPKI_INIT(script_channel(NULL));
		size_t length = 7;

		assert_int_equal(sign_on(&script, &jpki, JPKI_AUTH, signature, &length),
				 answers[i].result);
		assert_int_equal(signature[0], 7);
		assert_int_equal(length, 7);
	}
}

static void a_signature_may_come_through_get_response(void **state)
{
	uint8_t body[256], signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct script script = SCRIPT({ SIGN_AUTH, "61 00" },
				      { "00 C0 00 00 00", OK, 0, body, sizeof(body) });
	struct jpki jpki = JPKI_INIT(script_channel(NULL));
	size_t length;

	memset(body, 0xA5, sizeof(body));
	assert_int_equal(sign_on(&script, &jpki, JPKI_AUTH, signature, &length), 0);
	assert_int_equal(length, 256);
	assert_memory_equal(signature, body, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_auth_signature_is_four_commands_and_one_to_clear),
		cmocka_unit_test(a_sign_signature_by_select_names_each_ef_once),
		cmocka_unit_test(pss_has_its_own_p1_and_takes_the_digest_alone),
		cmocka_unit_test(an_input_that_cannot_fit_is_not_sent),
		cmocka_unit_test(sign_falls_back_on_select_and_remembers_only_what_helped),
		cmocka_unit_test(a_refused_sign_writes_nothing),
		cmocka_unit_test(a_signature_may_come_through_get_response),
	};

	return cmocka_run_group_tests_name("jpki-sign", tests, NULL, NULL);
}
