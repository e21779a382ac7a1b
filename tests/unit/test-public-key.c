/* SPDX-License-Identifier: LGPL-2.1-or-later */
#undef NDEBUG
#include "daemon/public-key.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/issuer.h"

static const char document[] = "The document that a person signs.";
static const uint8_t digest_info_sha256[] = {
	0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, /* RFC 8017, 9.2, note 1 */
};

/* What a card would be given, and what it would answer. */
struct exchange {
	uint8_t input[512];
	size_t input_length;
	uint8_t signature[512];
	size_t signature_length;
};

static void exchange_set_digest(struct exchange *exchange, const char *name)
{
	size_t length;

	assert(EVP_Q_digest(NULL, name, NULL, document, strlen(document), exchange->input,
			    &length));
	exchange->input_length = length;
}

static EVP_PKEY_CTX *signer_new(EVP_PKEY *key, int padding)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

	assert(context && EVP_PKEY_sign_init(context) > 0);
	assert(EVP_PKEY_CTX_set_rsa_padding(context, padding) > 0);
	return context;
}

static void signer_finish(EVP_PKEY_CTX *context, struct exchange *exchange)
{
	exchange->signature_length = sizeof(exchange->signature);
	assert(EVP_PKEY_sign(context, exchange->signature, &exchange->signature_length,
			     exchange->input, exchange->input_length) > 0);
	EVP_PKEY_CTX_free(context);
}

/* As a card does with P1 = 00: pads the input as it is. */
static void sign_pkcs1(EVP_PKEY *key, struct exchange *exchange)
{
	signer_finish(signer_new(key, RSA_PKCS1_PADDING), exchange);
}

static void sign_pss(EVP_PKEY *key, const EVP_MD *digest, const EVP_MD *mgf1_digest,
		     int salt_length, struct exchange *exchange)
{
	EVP_PKEY_CTX *context = signer_new(key, RSA_PKCS1_PSS_PADDING);

	assert(EVP_PKEY_CTX_set_signature_md(context, digest) > 0);
	assert(EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf1_digest) > 0);
	assert(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_length) > 0);
	signer_finish(context, exchange);
}

static int read_key(EVP_PKEY *pkey, struct public_key **ret_key)
{
	struct order order = order_auth;
	struct der der;

	order.key = pkey;
	issue(&order, &der);
	return public_key_from_certificate(der.bytes, der.length, ret_key);
}

static struct public_key *key_of(EVP_PKEY *pkey)
{
	struct public_key *key = NULL;

	assert_int_equal(read_key(pkey, &key), 0);
	return key;
}

static int verify(const struct public_key *key, enum jpki_padding padding,
		  const struct exchange *exchange)
{
	return public_key_verify(key, padding, exchange->input, exchange->input_length,
				 exchange->signature, exchange->signature_length);
}

/* OpenSSL makes this signature its own usual way; only the DigestInfo here is made by hand. */
static void a_signature_over_a_digest_info_is_the_keys(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchange = { .signature_length = sizeof(exchange.signature) };
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	assert(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, rsa_key(2048)) > 0);
	assert(EVP_DigestSign(context, exchange.signature, &exchange.signature_length,
			      (const uint8_t *)document, strlen(document)) > 0);
	EVP_MD_CTX_free(context);

	exchange_set_digest(&exchange, "SHA256");
	memmove(exchange.input + sizeof(digest_info_sha256), exchange.input, exchange.input_length);
	memcpy(exchange.input, digest_info_sha256, sizeof(digest_info_sha256));
	exchange.input_length += sizeof(digest_info_sha256);

	assert_int_equal(verify(key, JPKI_PADDING_PKCS1, &exchange), 0);
	public_key_free(key);
}

static void raw_input_of_every_length_that_fits_is_verified(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchange;

	memset(exchange.input, 0, sizeof(exchange.input));
	for (size_t length = 1; length <= JPKI_SIGN_INPUT_MAX; length++) {
		exchange.input_length = length;
		sign_pkcs1(rsa_key(2048), &exchange);
		assert_int_equal(verify(key, JPKI_PADDING_PKCS1, &exchange), 0);
		exchange.input_length = length - 1;
		assert_int_equal(verify(key, JPKI_PADDING_PKCS1, &exchange), ANSWER_BAD_SIGNATURE);
		exchange.input_length = length + 1;
		assert_int_equal(verify(key, JPKI_PADDING_PKCS1, &exchange), ANSWER_BAD_SIGNATURE);
	}
	public_key_free(key);
}

static void a_pss_signature_with_a_salt_of_any_length_is_the_keys(void **state)
{
	static const int salt_lengths[] = { 0, 20, 32, RSA_PSS_SALTLEN_MAX };
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchange;

	exchange_set_digest(&exchange, "SHA256");
	for (size_t i = 0; i < LENGTH_OF(salt_lengths); i++) {
		sign_pss(rsa_key(2048), EVP_sha256(), EVP_sha256(), salt_lengths[i], &exchange);
		assert_int_equal(verify(key, JPKI_PADDING_PSS_SHA256, &exchange), 0);
	}
	public_key_free(key);
}

static void a_longer_key_has_longer_signatures(void **state)
{
	struct public_key *key = key_of(rsa_key(3072));
	struct exchange exchange;

	assert_int_equal(public_key_signature_length(key), 3072 / 8);
	exchange_set_digest(&exchange, "SHA256");
	sign_pkcs1(rsa_key(3072), &exchange);
	assert_int_equal(verify(key, JPKI_PADDING_PKCS1, &exchange), 0);
	sign_pss(rsa_key(3072), EVP_sha256(), EVP_sha256(), 32, &exchange);
	assert_int_equal(verify(key, JPKI_PADDING_PSS_SHA256, &exchange), 0);
	public_key_free(key);
}

static void sign_both(EVP_PKEY *pkey, struct exchange exchanges[2])
{
	exchange_set_digest(&exchanges[0], "SHA256");
	exchange_set_digest(&exchanges[1], "SHA256");
	sign_pkcs1(pkey, &exchanges[0]);
	sign_pss(pkey, EVP_sha256(), EVP_sha256(), 32, &exchanges[1]);
}
static const enum jpki_padding paddings[2] = { JPKI_PADDING_PKCS1, JPKI_PADDING_PSS_SHA256 };

static void a_signature_with_any_byte_changed_is_refused(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchanges[2];

	sign_both(rsa_key(2048), exchanges);
	for (size_t i = 0; i < 2; i++) {
		for (size_t at = 0; at < exchanges[i].signature_length; at++) {
			exchanges[i].signature[at] ^= 0x10;
			assert_int_equal(verify(key, paddings[i], &exchanges[i]),
					 ANSWER_BAD_SIGNATURE);
			exchanges[i].signature[at] ^= 0x10;
		}
		assert_int_equal(verify(key, paddings[i], &exchanges[i]), 0);
	}
	public_key_free(key);
}

static void a_signature_by_another_key_is_refused(void **state)
{
	EVP_PKEY *other = EVP_RSA_gen(2048);
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchanges[2];

	sign_both(other, exchanges);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(verify(key, paddings[i], &exchanges[i]), ANSWER_BAD_SIGNATURE);
	public_key_free(key);
	EVP_PKEY_free(other);
}

static void a_signature_with_the_other_padding_is_refused(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchanges[2];

	sign_both(rsa_key(2048), exchanges);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(verify(key, paddings[1 - i], &exchanges[i]), ANSWER_BAD_SIGNATURE);
	public_key_free(key);
}

static void a_signature_over_another_input_is_refused(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchanges[2];

	sign_both(rsa_key(2048), exchanges);
	for (size_t i = 0; i < 2; i++) {
		exchanges[i].input[0] ^= 1;
		assert_int_equal(verify(key, paddings[i], &exchanges[i]), ANSWER_BAD_SIGNATURE);
		exchange_set_digest(&exchanges[i], "SHA384");
		assert_int_equal(verify(key, paddings[i], &exchanges[i]), ANSWER_BAD_SIGNATURE);
		exchanges[i].input_length = 0;
		assert_int_equal(verify(key, paddings[i], &exchanges[i]), ANSWER_BAD_SIGNATURE);
	}
	public_key_free(key);
}

static void a_signature_that_is_too_short_or_too_long_is_refused(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchanges[2];

	sign_both(rsa_key(2048), exchanges);
	for (size_t i = 0; i < 2; i++) {
		for (size_t length = 0; length <= sizeof(exchanges[i].signature); length++) {
			exchanges[i].signature_length = length;
			assert_int_equal(verify(key, paddings[i], &exchanges[i]),
					 length == 256 ? 0 : ANSWER_BAD_SIGNATURE);
		}
	}
	public_key_free(key);
}

/* The number is the same, but RFC 8017 wants all its bytes. */
static void a_signature_without_its_leading_zero_is_refused(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchange = { .input_length = 32 };

	do {
		exchange.input[0]++;
		exchange.input[1] += exchange.input[0] == 0;
		sign_pkcs1(rsa_key(2048), &exchange);
	} while (exchange.signature[0] != 0);
	assert_int_equal(verify(key, JPKI_PADDING_PKCS1, &exchange), 0);

	exchange.signature_length--;
	memmove(exchange.signature, exchange.signature + 1, exchange.signature_length);
	assert_int_equal(verify(key, JPKI_PADDING_PKCS1, &exchange), ANSWER_BAD_SIGNATURE);
	public_key_free(key);
}

static void pss_with_another_digest_or_mask_is_refused(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchange;

	exchange_set_digest(&exchange, "SHA512");
	sign_pss(rsa_key(2048), EVP_sha512(), EVP_sha256(), 32, &exchange);
	assert_int_equal(verify(key, JPKI_PADDING_PSS_SHA256, &exchange), ANSWER_BAD_SIGNATURE);

	exchange_set_digest(&exchange, "SHA3-256");
	sign_pss(rsa_key(2048), EVP_sha3_256(), EVP_sha256(), 32, &exchange);
	assert_int_equal(verify(key, JPKI_PADDING_PSS_SHA256, &exchange), ANSWER_BAD_SIGNATURE);

	exchange_set_digest(&exchange, "SHA256");
	sign_pss(rsa_key(2048), EVP_sha256(), EVP_sha1(), 32, &exchange);
	assert_int_equal(verify(key, JPKI_PADDING_PSS_SHA256, &exchange), ANSWER_BAD_SIGNATURE);
	public_key_free(key);
}

static void a_padding_that_does_not_exist_is_an_error_and_no_verdict(void **state)
{
	struct public_key *key = key_of(rsa_key(2048));
	struct exchange exchange;

	exchange_set_digest(&exchange, "SHA256");
	sign_pkcs1(rsa_key(2048), &exchange);
	assert_int_equal(verify(key, (enum jpki_padding)0x7F, &exchange), -EINVAL);
	public_key_free(key);
}

static void rsa_of_2048_to_4096_bits_is_taken_and_no_other_length(void **state)
{
	static const struct {
		unsigned int bits;
		bool taken;
	} lengths[] = { { 1024, false }, { 2047, false }, { 2048, true },  { 3000, true },
			{ 4096, true },  { 4097, false }, { 8192, false } };

	for (size_t i = 0; i < LENGTH_OF(lengths); i++) {
		EVP_PKEY *pkey = rsa_public_key(lengths[i].bits);
		struct public_key *key = NULL;

		assert_int_equal(read_key(pkey, &key),
				 lengths[i].taken ? 0 : ANSWER_CERTIFICATE_UNREADABLE);
		if (lengths[i].taken)
			assert_int_equal(public_key_signature_length(key), lengths[i].bits / 8);
		else
			assert_null(key);
		public_key_free(key);
		EVP_PKEY_free(pkey);
	}
}

/* A key that its certificate keeps for RSA-PSS alone, and a type of its own. */
static EVP_PKEY *rsa_pss_key(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY *key = NULL;

	assert(context && EVP_PKEY_keygen_init(context) > 0);
	assert(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) > 0);
	assert(EVP_PKEY_generate(context, &key) > 0);
	EVP_PKEY_CTX_free(context);
	return key;
}

static void a_key_that_is_not_plain_rsa_is_refused(void **state)
{
	EVP_PKEY *keys[] = { EVP_EC_gen("P-384"), rsa_pss_key() };

	for (size_t i = 0; i < LENGTH_OF(keys); i++) {
		struct public_key *key = NULL;

		assert_int_equal(read_key(keys[i], &key), ANSWER_CERTIFICATE_UNREADABLE);
		assert_null(key);
		EVP_PKEY_free(keys[i]);
	}
}

static void every_byte_of_the_certificate_counts(void **state)
{
	struct public_key *key = NULL;
	struct der der;

	issue(&order_auth, &der);
	for (size_t length = 0; length < der.length; length++)
		assert_int_equal(public_key_from_certificate(der.bytes, length, &key),
				 ANSWER_CERTIFICATE_UNREADABLE);
	assert_int_equal(public_key_from_certificate(der.bytes, der.length + 1, &key),
			 ANSWER_CERTIFICATE_UNREADABLE);
	assert_null(key);
}

static void a_key_of_no_known_type_is_refused(void **state)
{
	struct public_key *key = NULL;
	struct der der;

	issue(&order_auth, &der);
	der_replace(&der, "\xF7\x0D\x01\x01\x01", "\xF7\x0D\x01\x01\x7F");
	assert_int_equal(public_key_from_certificate(der.bytes, der.length, &key),
			 ANSWER_CERTIFICATE_UNREADABLE);
	assert_null(key);
}

static void freeing_no_key_is_allowed(void **state)
{
	assert_null(public_key_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_over_a_digest_info_is_the_keys),
		cmocka_unit_test(raw_input_of_every_length_that_fits_is_verified),
		cmocka_unit_test(a_pss_signature_with_a_salt_of_any_length_is_the_keys),
		cmocka_unit_test(a_longer_key_has_longer_signatures),
		cmocka_unit_test(a_signature_with_any_byte_changed_is_refused),
		cmocka_unit_test(a_signature_by_another_key_is_refused),
		cmocka_unit_test(a_signature_with_the_other_padding_is_refused),
		cmocka_unit_test(a_signature_over_another_input_is_refused),
		cmocka_unit_test(a_signature_that_is_too_short_or_too_long_is_refused),
		cmocka_unit_test(a_signature_without_its_leading_zero_is_refused),
		cmocka_unit_test(pss_with_another_digest_or_mask_is_refused),
		cmocka_unit_test(a_padding_that_does_not_exist_is_an_error_and_no_verdict),
		cmocka_unit_test(rsa_of_2048_to_4096_bits_is_taken_and_no_other_length),
		cmocka_unit_test(a_key_that_is_not_plain_rsa_is_refused),
		cmocka_unit_test(a_key_of_no_known_type_is_refused),
		cmocka_unit_test(every_byte_of_the_certificate_counts),
		cmocka_unit_test(freeing_no_key_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
