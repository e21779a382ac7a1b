/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/digest-info.h"

#include <errno.h>
#include <string.h>

/*
 * RFC 8017, 9.2, note 1: SEQUENCE { AlgorithmIdentifier { OID, NULL }, OCTET STRING } up to the
 * digest.
 */
static const struct {
	size_t length;
	size_t prefix_length;
	uint8_t prefix[DIGEST_INFO_LENGTH_MAX - DIGEST_LENGTH_MAX];
} digests[DIGEST_COUNT] = {
	[DIGEST_SHA1] = {
		20, 15,
		{ 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02,
		  0x1a, 0x05, 0x00, 0x04, 0x14 },
	},
	[DIGEST_SHA256] = {
		32, 19,
		{ 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		  0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 },
	},
	[DIGEST_SHA384] = {
		48, 19,
		{ 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		  0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 },
	},
	[DIGEST_SHA512] = {
		64, 19,
		{ 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		  0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 },
	},
};

size_t digest_length(enum digest digest)
{
	return digests[digest].length;
}

int digest_info_encode(enum digest digest, const uint8_t *value, size_t length, uint8_t *ret_bytes,
		       size_t *ret_length)
{
	const size_t prefix_length = digests[digest].prefix_length;

	if (length != digests[digest].length)
		return -EINVAL;

	memcpy(ret_bytes, digests[digest].prefix, prefix_length);
	memcpy(ret_bytes + prefix_length, value, length);
	*ret_length = prefix_length + length;
	return 0;
}
