/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/signature.h"

#include <errno.h>
#include <stdbool.h>

#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "tests/card/bytes.h"

enum {
	PKCS1_PADDING_LEN = 11,
	RAW_LEN_MAX = 256 - PKCS1_PADDING_LEN,
};

static const struct scheme {
	bool hashes;	/* the card computes SHA-256 over the data */
	bool bare;	/* padded without a DigestInfo */
	int padding;
	size_t len_min, len_max;
} schemes[] = {
	[0x00] = {false, true, RSA_PKCS1_PADDING, 1, RAW_LEN_MAX},
	[0x01] = {true, true, RSA_PKCS1_PADDING, 1, 255},
	[0x02] = {false, false, RSA_PKCS1_PADDING, SHA256_DIGEST_LENGTH, SHA256_DIGEST_LENGTH},
	[0x03] = {true, false, RSA_PKCS1_PADDING, 1, 255},
	[0x04] = {false, false, RSA_PKCS1_PSS_PADDING, SHA256_DIGEST_LENGTH, SHA256_DIGEST_LENGTH},
	[0x05] = {true, false, RSA_PKCS1_PSS_PADDING, 1, 255},
};

static bool scheme_apply(const struct scheme *scheme, EVP_PKEY_CTX *context)
{
	if (EVP_PKEY_sign_init(context) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(context, scheme->padding) <= 0)
		return false;
	if (!scheme->bare && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) <= 0)
		return false;
	return scheme->padding != RSA_PKCS1_PSS_PADDING ||
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

int signature_make(EVP_PKEY *key, uint8_t p1, const uint8_t *data, size_t len, uint8_t *signature,
		   size_t *ret_len)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	if (p1 >= ARRAY_LEN(schemes))
		return SIGNATURE_BAD_SCHEME;

	const struct scheme *scheme = &schemes[p1];

	if (len < scheme->len_min || len > scheme->len_max)
		return SIGNATURE_BAD_LENGTH;
	if (scheme->hashes) {
		SHA256(data, len, hash);
		data = hash;
		len = sizeof(hash);
	}

	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool done = context && scheme_apply(scheme, context) &&
		    EVP_PKEY_sign(context, signature, ret_len, data, len) > 0;

	EVP_PKEY_CTX_free(context);
	return done ? SIGNATURE_OK : -EIO;
}
