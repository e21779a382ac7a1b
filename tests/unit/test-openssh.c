/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line for authorized_keys; tests/integration/test_jpkictl_cert.py has ssh-keygen judge it. */
#undef NDEBUG
#include "client/jpkictl/certificate.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "base/cleanup.h"
#include "tests/unit/issuer.h"

/* The line, the caller's to free; NULL where the answer is not 0. */
static char *line_of(const uint8_t *der, size_t length, int *ret_r)
{
	char *line = NULL;
	size_t size;
	FILE *stream = open_memstream(&line, &size);

	assert_non_null(stream);
	*ret_r = certificate_print_openssh(der, length, "comment", stream);
	fclose(stream);
	if (*ret_r == 0)
		return line;
	assert_int_equal(size, 0);
	free(line);
	return NULL;
}

static char *line_of_key(EVP_PKEY *key, int *ret_r)
{
	struct order order = order_auth;
	struct der der;

	order.key = key;
	issue(&order, &der);
	return line_of(der.bytes, der.length, ret_r);
}

/* Of the blob, up to the length of the modulus. */
#define RSA_BEGIN "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB"

static void an_rsa_modulus_has_a_zero_before_it_where_it_would_be_negative(void **state)
{
	EVP_PKEY *key = rsa_public_key(2048);
	char *line;
	int r;

	line = line_of_key(key, &r);
	assert_int_equal(r, 0);
	assert_memory_equal(line, RSA_BEGIN "AQ", strlen(RSA_BEGIN "AQ")); /* 257 bytes */
	assert_string_equal(strrchr(line, ' '), " comment\n");
	free(line);
	EVP_PKEY_free(key);

	key = rsa_public_key(2047);
	line = line_of_key(key, &r);
	assert_int_equal(r, 0);
	assert_memory_equal(line, RSA_BEGIN "A", strlen(RSA_BEGIN "A")); /* 256 bytes, of which */
	assert_in_range(line[strlen(RSA_BEGIN "A")], 'E', 'H');          /* the first is 40 to 7F */
	free(line);
	EVP_PKEY_free(key);
}

static void a_compressed_point_is_given_uncompressed(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");
	char *expected, *line;
	int r;

	expected = line_of_key(key, &r);
	assert_int_equal(r, 0);
	assert_memory_equal(expected, "ecdsa-sha2-nistp384 ", strlen("ecdsa-sha2-nistp384 "));
	assert_int_equal(EVP_PKEY_set_utf8_string_param(
				 key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"), 1);
	line = line_of_key(key, &r);
	assert_int_equal(r, 0);
	assert_string_equal(line, expected);
	free(line);
	free(expected);
	EVP_PKEY_free(key);
}

static void other_keys_are_not_supported(void **state)
{
	static const char *const curves[] = { "secp256k1", "brainpoolP384r1", "P-224" };
	int r;

	for (size_t i = 0; i < LENGTH_OF(curves); i++) {
		EVP_PKEY *key = EVP_EC_gen(curves[i]);

		assert_null(line_of_key(key, &r));
		assert_int_equal(r, -EOPNOTSUPP);
		EVP_PKEY_free(key);
	}
}

static void what_is_no_certificate_is_told(void **state)
{
	struct der der;
	int r;

	issue(&order_auth, &der);
	assert_null(line_of(der.bytes, der.length - 1, &r));
	assert_int_equal(r, -EBADMSG);
	assert_null(line_of(der.bytes, 0, &r));
	assert_int_equal(r, -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_rsa_modulus_has_a_zero_before_it_where_it_would_be_negative),
		cmocka_unit_test(a_compressed_point_is_given_uncompressed),
		cmocka_unit_test(other_keys_are_not_supported),
		cmocka_unit_test(what_is_no_certificate_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
