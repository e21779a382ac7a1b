/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every object lies within what it was read from, behind the one before; so do those within. */
#include "apdu/tlv.h"
#include "tests/fuzz/fuzz.h"

enum {
	DEPTH_MAX = 32,
	CONSTRUCTED = 0x20,
};

static void check_objects(const uint8_t *bytes, size_t length, unsigned int depth)
{
	struct tlv_iterator iterator = { .bytes = bytes, .length = length };
	volatile uint8_t last;
	struct tlv tlv;

	for (const uint8_t *start = bytes; tlv_next(&iterator, &tlv); start = iterator.bytes) {
		HOLDS(tlv.header_length >= 2 && tlv.header_length <= 7);
		HOLDS(tlv.value == start + tlv.header_length);
		HOLDS(iterator.bytes == tlv.value + tlv.length);
		HOLDS(iterator.length == length - (size_t)(iterator.bytes - bytes));
		HOLDS(iterator.length < length);
		if (tlv.length > 0)
			last = tlv.value[tlv.length - 1];
		if (depth < DEPTH_MAX && *start & CONSTRUCTED)
			check_objects(tlv.value, tlv.length, depth + 1);
	}
	(void)last;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct tlv tlv;

	if (tlv_read_header(bytes, length, &tlv)) {
		HOLDS(tlv.header_length <= length);
		HOLDS(tlv.length <= UINT32_MAX);
	}
	check_objects(bytes, length, 0);
	return 0;
}
