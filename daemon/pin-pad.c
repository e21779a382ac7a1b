/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pin-pad.h"

#include <endian.h>
#include <string.h>

enum {
	FEATURE_VERIFY_PIN_DIRECT = 0x06,
	FEATURE_MODIFY_PIN_DIRECT = 0x07,
	TAG_AND_LENGTH = 2,

	TIMEOUT_SECONDS = 30,
	/* System units are bytes, no offset, left justified, ASCII. */
	FORMAT_STRING = 0x82,
	/* Also for a PIN of one length, so that a slip of the finger can be mended. */
	ENTRY_ENDS_WITH_VALIDATION_KEY = 0x02,
	CONFIRM_NEW_PIN = 0x01, /* and the current one is not asked for */
	LANGUAGE_JAPANESE = 0x0411,

	/* The messages of a CCID reader. */
	MESSAGE_PIN = 0,
	MESSAGE_NEW_PIN = 1,
	MESSAGE_CONFIRM_NEW_PIN = 2,
};

/* An Lc of 0 that the reader replaces: what OpenSC and GnuPG send, so readers have seen it. */
struct apdu {
	uint8_t header[4];
	uint8_t lc;
} __attribute__((packed));

/* Little endian; what is zero need not be named. */
struct pin_verify_structure {
	uint8_t bTimerOut;
	uint8_t bTimerOut2;
	uint8_t bmFormatString;
	uint8_t bmPINBlockString;
	uint8_t bmPINLengthFormat;
	uint16_t wPINMaxExtraDigit;
	uint8_t bEntryValidationCondition;
	uint8_t bNumberMessage;
	uint16_t wLangId;
	uint8_t bMsgIndex;
	uint8_t bTeoPrologue[3];
	uint32_t ulDataLength;
	struct apdu abData;
} __attribute__((packed));

struct pin_modify_structure {
	uint8_t bTimerOut;
	uint8_t bTimerOut2;
	uint8_t bmFormatString;
	uint8_t bmPINBlockString;
	uint8_t bmPINLengthFormat;
	uint8_t bInsertionOffsetOld;
	uint8_t bInsertionOffsetNew;
	uint16_t wPINMaxExtraDigit;
	uint8_t bConfirmPIN;
	uint8_t bEntryValidationCondition;
	uint8_t bNumberMessage;
	uint16_t wLangId;
	uint8_t bMsgIndex1;
	uint8_t bMsgIndex2;
	uint8_t bMsgIndex3;
	uint8_t bTeoPrologue[3];
	uint32_t ulDataLength;
	struct apdu abData;
} __attribute__((packed));

_Static_assert(sizeof(struct pin_modify_structure) == PIN_PAD_REQUEST_LENGTH_MAX,
	       "the longer of the two");

bool pin_pad_parse(const uint8_t *features, size_t length, struct pin_pad *ret_pad)
{
	struct pin_pad pad = { 0 };

	while (length > 0) {
		uint32_t code; /* big endian */

		/* Every feature has a control code, and nothing else is in the list. */
		if (length < TAG_AND_LENGTH + sizeof(code) || features[1] != sizeof(code))
			return false;
		memcpy(&code, features + TAG_AND_LENGTH, sizeof(code));
		if (features[0] == FEATURE_VERIFY_PIN_DIRECT)
			pad.verify_pin_direct = be32toh(code);
		if (features[0] == FEATURE_MODIFY_PIN_DIRECT)
			pad.modify_pin_direct = be32toh(code);
		features += TAG_AND_LENGTH + sizeof(code);
		length -= TAG_AND_LENGTH + sizeof(code);
	}
	if (pad.verify_pin_direct == 0)
		return false;
	*ret_pad = pad;
	return true;
}

uint32_t pin_pad_control_code(const struct pin_pad *pad, const struct pin_entry *entry)
{
	return entry->is_new ? pad->modify_pin_direct : pad->verify_pin_direct;
}

static uint16_t max_extra_digit(const struct pin_entry *entry)
{
	return htole16((uint16_t)(entry->length_min << 8 | entry->length_max));
}

static struct apdu apdu_from(const uint8_t header[4])
{
	struct apdu apdu = { .lc = 0 };

	memcpy(apdu.header, header, sizeof(apdu.header));
	return apdu;
}

static size_t request_verify(const uint8_t header[4], const struct pin_entry *entry,
			     uint8_t *ret_request)
{
	const struct pin_verify_structure verify = {
		.bTimerOut = TIMEOUT_SECONDS,
		.bTimerOut2 = TIMEOUT_SECONDS,
		.bmFormatString = FORMAT_STRING,
		.wPINMaxExtraDigit = max_extra_digit(entry),
		.bEntryValidationCondition = ENTRY_ENDS_WITH_VALIDATION_KEY,
		.bNumberMessage = 1,
		.wLangId = htole16(LANGUAGE_JAPANESE),
		.bMsgIndex = MESSAGE_PIN,
		.ulDataLength = htole32(sizeof(verify.abData)),
		.abData = apdu_from(header),
	};

	memcpy(ret_request, &verify, sizeof(verify));
	return sizeof(verify);
}

static size_t request_modify(const uint8_t header[4], const struct pin_entry *entry,
			     uint8_t *ret_request)
{
	const struct pin_modify_structure modify = {
		.bTimerOut = TIMEOUT_SECONDS,
		.bTimerOut2 = TIMEOUT_SECONDS,
		.bmFormatString = FORMAT_STRING,
		.wPINMaxExtraDigit = max_extra_digit(entry),
		.bConfirmPIN = CONFIRM_NEW_PIN,
		.bEntryValidationCondition = ENTRY_ENDS_WITH_VALIDATION_KEY,
		.bNumberMessage = 2,
		.wLangId = htole16(LANGUAGE_JAPANESE),
		.bMsgIndex1 = MESSAGE_NEW_PIN,
		.bMsgIndex2 = MESSAGE_CONFIRM_NEW_PIN,
		.ulDataLength = htole32(sizeof(modify.abData)),
		.abData = apdu_from(header),
	};

	memcpy(ret_request, &modify, sizeof(modify));
	return sizeof(modify);
}

size_t pin_pad_request(const uint8_t header[4], const struct pin_entry *entry, uint8_t *ret_request)
{
	return entry->is_new ? request_modify(header, entry, ret_request) :
			       request_verify(header, entry, ret_request);
}
