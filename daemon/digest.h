/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256, plain and keyed. Both may be called from any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

enum {
	DIGEST_LENGTH = 32,
	DIGEST_HEX_SIZE = 2 * DIGEST_LENGTH + 1,
};

/* 0 or a negative errno. */
int digest_sha256(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_LENGTH]);

/*
 * HMAC (FIPS 198-1) with SHA-256. *ret_digest is the caller's to free; of the message nothing
 * stays in memory. 0 or a negative errno.
 */
int digest_keyed(const struct secret *key, const struct secret *message,
		 struct secret **ret_digest);

/* Lower-case hexadecimal. */
void digest_to_hex(const uint8_t digest[DIGEST_LENGTH], char ret_hex[DIGEST_HEX_SIZE]);
