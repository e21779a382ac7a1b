/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What SIGN (80 2A P1 80) computes: one RSA operation, with six ways to come from the data to what
 * is padded.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

enum signature_answer {
	SIGNATURE_OK,
	SIGNATURE_BAD_SCHEME,	/* no such P1 */
	SIGNATURE_BAD_LENGTH,	/* the data cannot be signed under this P1 */
};

/*
 * Signs len bytes under P1 (RFC 8017 clauses 8.1 and 8.2). *ret_len is the room at signature and
 * becomes the length. An answer, or -EIO.
 */
int signature_make(EVP_PKEY *key, uint8_t p1, const uint8_t *data, size_t len, uint8_t *signature,
		   size_t *ret_len);
