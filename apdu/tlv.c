/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/tlv.h"

enum {
	TAG_NUMBER_MASK = 0x1F, /* 8.1.2.4: all ones, the number is in the octets that follow */
	TAG_NUMBER_CONTINUES = 0x80,
	LENGTH_LONG_FORM = 0x80,
	LENGTH_COUNT_MASK = 0x7F,
	LENGTH_COUNT_MAX = 4,
};

/* What is left to read. */
struct cursor {
	const uint8_t *bytes;
	size_t length;
};

static bool tag_read(struct cursor *rest, uint16_t *ret_tag)
{
	if (rest->length < 1)
		return false;
	*ret_tag = *rest->bytes++;
	rest->length--;
	if ((*ret_tag & TAG_NUMBER_MASK) != TAG_NUMBER_MASK)
		return true;

	if (rest->length < 1 || *rest->bytes & TAG_NUMBER_CONTINUES)
		return false;
	*ret_tag = (uint16_t)(*ret_tag << 8 | *rest->bytes++);
	rest->length--;
	return true;
}

static bool length_read(struct cursor *rest, size_t *ret_length)
{
	size_t count;

	if (rest->length < 1)
		return false;
	*ret_length = *rest->bytes++;
	rest->length--;
	if (!(*ret_length & LENGTH_LONG_FORM))
		return true;

	count = *ret_length & LENGTH_COUNT_MASK;
	if (count == 0 || count > LENGTH_COUNT_MAX || count > rest->length)
		return false;
	rest->length -= count;
	for (*ret_length = 0; count > 0; count--)
		*ret_length = *ret_length << 8 | *rest->bytes++;
	return true;
}

bool tlv_read_header(const uint8_t *bytes, size_t length, struct tlv *ret_tlv)
{
	struct cursor rest = { .bytes = bytes, .length = length };
	struct tlv tlv;

	if (!tag_read(&rest, &tlv.tag) || !length_read(&rest, &tlv.length))
		return false;
	tlv.value = rest.bytes;
	tlv.header_length = length - rest.length;
	*ret_tlv = tlv;
	return true;
}
