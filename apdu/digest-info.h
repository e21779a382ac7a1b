/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DigestInfo, what RSASSA-PKCS1-v1_5 signs (RFC 8017, 9.2): the card pads it but does not build it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum digest {
	DIGEST_SHA1,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
	DIGEST_COUNT,
};

enum {
	DIGEST_LENGTH_MAX = 64,
	DIGEST_INFO_LENGTH_MAX = 19 + DIGEST_LENGTH_MAX,
};

/* Bytes of a digest. */
size_t digest_length(enum digest digest);

/*
 * The DER of the DigestInfo of @value into @ret_bytes, which has room for DIGEST_INFO_LENGTH_MAX.
 * 0, or -EINVAL where @length is not that of the digest.
 */
int digest_info_encode(enum digest digest, const uint8_t *value, size_t length, uint8_t *ret_bytes,
		       size_t *ret_length);
