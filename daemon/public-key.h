/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The key of a certificate, kept where the certificate need not be, and the check of signatures. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "apdu/jpki.h"

struct public_key;

/*
 * Reads the key out of a certificate: RSA of 2048 to 4096 bits. ANSWER_CERTIFICATE_UNREADABLE or a
 * negative errno. Freed with public_key_free().
 */
int public_key_from_certificate(const uint8_t *der, size_t length, struct public_key **ret_key);
struct public_key *public_key_free(struct public_key *key); /* NULL is allowed; returns NULL */

/* Bytes of a signature made with this key. */
size_t public_key_signature_length(const struct public_key *key);

/*
 * Whether @signature is the key's over what was given to SIGN: for JPKI_PADDING_PKCS1 the bytes
 * that the card padded (DigestInfo or raw), for JPKI_PADDING_PSS_SHA256 the digest (any salt
 * length). 0, ANSWER_BAD_SIGNATURE, or a negative errno. One thread at a time for each key.
 */
int public_key_verify(const struct public_key *key, enum jpki_padding padding,
		      const uint8_t *input, size_t input_length,
		      const uint8_t *signature, size_t signature_length);
