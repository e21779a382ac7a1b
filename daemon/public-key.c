/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nothing here knows how long a signature is but the key itself. */
#include "daemon/public-key.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "daemon/openssl.h"

enum {
	RSA_BITS_MIN = 2048,
	RSA_BITS_MAX = 4096,
};

/* One context for each padding, set up once: that takes as long as a check. */
struct public_key {
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *pkcs1;
	EVP_PKEY_CTX *pss;
};

static bool rsa_acceptable(const EVP_PKEY *pkey)
{
	const int bits = EVP_PKEY_get_bits(pkey);

	return EVP_PKEY_is_a(pkey, "RSA") && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

static void public_key_freep(struct public_key **key)
{
	*key = public_key_free(*key);
}

static bool set_up_pkcs1(EVP_PKEY_CTX *context)
{
	return EVP_PKEY_verify_recover_init(context) > 0 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
}

static bool set_up_pss(EVP_PKEY_CTX *context)
{
	return EVP_PKEY_verify_init(context) > 0 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) > 0;
}

int public_key_from_certificate(const uint8_t *der, size_t length, struct public_key **ret_key)
{
	CLEANUP(public_key_freep) struct public_key *key = calloc(1, sizeof(*key));
	CLEANUP(X509_freep) X509 *x509 = NULL;
	int r;

	if (!key)
		return -ENOMEM;
	r = openssl_read_x509(der, length, &x509);
	if (r)
		return r;
	key->pkey = X509_get_pubkey(x509);
	if (!key->pkey)
		return openssl_failure(ANSWER_CERTIFICATE_UNREADABLE);
	if (!rsa_acceptable(key->pkey))
		return ANSWER_CERTIFICATE_UNREADABLE;

	key->pkcs1 = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	key->pss = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (!key->pkcs1 || !key->pss || !set_up_pkcs1(key->pkcs1) || !set_up_pss(key->pss))
		return openssl_failure(-EIO);
	*ret_key = TAKE(key);
	return 0;
}

struct public_key *public_key_free(struct public_key *key)
{
	if (!key)
		return NULL;
	EVP_PKEY_CTX_free(key->pkcs1);
	EVP_PKEY_CTX_free(key->pss);
	EVP_PKEY_free(key->pkey);
	free(key);
	return NULL;
}

size_t public_key_signature_length(const struct public_key *key)
{
	return (size_t)EVP_PKEY_get_size(key->pkey);
}

/* Undoes the padding and compares what was padded, because no digest algorithm is known here. */
static int verify_pkcs1(EVP_PKEY_CTX *context, const uint8_t *input, size_t input_length,
			const uint8_t *signature, size_t signature_length)
{
	uint8_t recovered[RSA_BITS_MAX / 8];
	size_t recovered_length = sizeof(recovered);

	if (EVP_PKEY_verify_recover(context, recovered, &recovered_length, signature,
				    signature_length) <= 0)
		return openssl_failure(ANSWER_BAD_SIGNATURE);
	if (recovered_length != input_length || memcmp(recovered, input, input_length) != 0)
		return ANSWER_BAD_SIGNATURE;
	return 0;
}

static int verify_pss(EVP_PKEY_CTX *context, const uint8_t *digest, size_t digest_length,
		      const uint8_t *signature, size_t signature_length)
{
	if (EVP_PKEY_verify(context, signature, signature_length, digest, digest_length) != 1)
		return openssl_failure(ANSWER_BAD_SIGNATURE);
	return 0;
}

int public_key_verify(const struct public_key *key, enum jpki_padding padding,
		      const uint8_t *input, size_t input_length,
		      const uint8_t *signature, size_t signature_length)
{
	if (signature_length != public_key_signature_length(key))
		return ANSWER_BAD_SIGNATURE;
	ERR_clear_error();

	switch (padding) {
	case JPKI_PADDING_PKCS1:
		return verify_pkcs1(key->pkcs1, input, input_length, signature, signature_length);
	case JPKI_PADDING_PSS_SHA256:
		return verify_pss(key->pss, input, input_length, signature, signature_length);
	}
	return -EINVAL;
}
