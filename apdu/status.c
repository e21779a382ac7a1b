/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/status.h"

#include "base/error.h"

enum {
	SW1_MORE = 0x61,
	SW1_WRONG_LENGTH = 0x67,
	SW1_WRONG_PARAMETERS = 0x6A,
	SW1_WRONG_P1_P2 = 0x6B,
	SW1_WRONG_LE = 0x6C,
	SW1_UNKNOWN_INS = 0x6D,
	SW1_UNKNOWN_CLA = 0x6E,
	STATUS_PAD_TIMEOUT = 0x6400,
	STATUS_PAD_CANCELLED = 0x6401,
	STATUS_PAD_ENTRIES_DIFFER = 0x6402,
	STATUS_PAD_LENGTH = 0x6403,
	STATUS_COUNTER = 0x63C0,
	STATUS_COUNTER_MASK = 0x000F,
	LE_MAX = 256,
};

static unsigned int sw1(uint16_t sw)
{
	return sw >> 8;
}

static size_t le(uint16_t sw)
{
	const size_t sw2 = sw & 0xFF;

	return sw2 ? sw2 : LE_MAX;
}

bool status_is_success(uint16_t sw)
{
	return sw == STATUS_SUCCESS;
}

bool status_has_data(uint16_t sw)
{
	return sw == STATUS_SUCCESS || sw == STATUS_END_OF_FILE;
}

bool status_has_more(uint16_t sw, size_t *ret_le)
{
	if (sw1(sw) != SW1_MORE)
		return false;
	*ret_le = le(sw);
	return true;
}

bool status_has_right_le(uint16_t sw, size_t *ret_le)
{
	if (sw1(sw) != SW1_WRONG_LE)
		return false;
	*ret_le = le(sw);
	return true;
}

bool status_tries(uint16_t sw, int *ret_tries)
{
	if ((sw & ~STATUS_COUNTER_MASK) != STATUS_COUNTER)
		return false;
	*ret_tries = sw & STATUS_COUNTER_MASK;
	return true;
}

bool status_is_blocked(uint16_t sw)
{
	return sw == STATUS_COUNTER || sw == STATUS_AUTHENTICATION_BLOCKED ||
	       sw == STATUS_REFERENCE_DATA_NOT_USABLE;
}

bool status_is_refusal(uint16_t sw)
{
	return sw1(sw) >= SW1_WRONG_LENGTH && sw1(sw) <= SW1_UNKNOWN_CLA;
}

bool status_refuses_reference(uint16_t sw)
{
	return sw1(sw) == SW1_WRONG_LENGTH || sw1(sw) == SW1_WRONG_PARAMETERS ||
	       sw1(sw) == SW1_WRONG_P1_P2 || sw1(sw) == SW1_UNKNOWN_INS ||
	       status_lacks_current_ef(sw);
}

bool status_lacks_current_ef(uint16_t sw)
{
	return sw == STATUS_NO_CURRENT_EF || sw == STATUS_INCOMPATIBLE_FILE;
}

int status_pad_answer(uint16_t sw)
{
	switch (sw) {
	case STATUS_PAD_TIMEOUT:
		return ANSWER_TIMEOUT;
	case STATUS_PAD_CANCELLED:
		return ANSWER_DISMISSED;
	case STATUS_PAD_ENTRIES_DIFFER:
	case STATUS_PAD_LENGTH:
		return ANSWER_PIN_FORMAT;
	default:
		return 0;
	}
}
