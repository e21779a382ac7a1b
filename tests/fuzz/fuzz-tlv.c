/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A header lies within what it was read from, and its value begins behind it. */
#include "apdu/tlv.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct tlv tlv;

	if (!tlv_read_header(bytes, length, &tlv))
		return 0;
	HOLDS(tlv.header_length >= 2 && tlv.header_length <= 7);
	HOLDS(tlv.header_length <= length);
	HOLDS(tlv.value == bytes + tlv.header_length);
	HOLDS(tlv.length <= UINT32_MAX);
	return 0;
}
