/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BER-TLV over borrowed memory (ISO 8825-1, 8.1). Definite lengths only: 8.1.3.4 short form,
 * 8.1.3.5 long form of up to four octets; the indefinite form of 8.1.3.6 is not legal in DER (10.1)
 * and is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TLV_SEQUENCE = 0x30,
};

struct tlv {
	uint16_t tag; /* identifier octets as they are, one or two (8.1.2.3, 8.1.2.4) */
	size_t header_length; /* identifier and length octets */
	const uint8_t *value;
	size_t length;
};

/*
 * Reads the identifier and length octets at @bytes. tlv.length is what they claim, and the value
 * itself may not be there yet. False: they are not all there, or not legal.
 */
bool tlv_read_header(const uint8_t *bytes, size_t length, struct tlv *ret_tlv);
