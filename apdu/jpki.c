/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/jpki.h"

#include <errno.h>
#include <string.h>

#include "apdu/jpki-file.h"
#include "apdu/jpki-object.h"
#include "apdu/status.h"
#include "base/cleanup.h"
#include "base/error.h"

enum {
	P2_SIGN = P2_CURRENT_REFERENCE,
	PSS_SHA256_INPUT_LENGTH = 32,
	AID_LENGTH = 10,
};

static const uint8_t jpki_aid[AID_LENGTH] = {
	0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01,
};

int jpki_select(struct jpki *jpki)
{
	int r;

	r = jpki_file_select_application(jpki, jpki_aid, sizeof(jpki_aid));
	if (r == 0 && jpki->sw == STATUS_NO_PRECISE_DIAGNOSIS)
		r = jpki_file_select_application(jpki, jpki_aid, sizeof(jpki_aid));
	if (r != 0)
		return r;
	return status_is_success(jpki->sw) ? 0 : ANSWER_UNSUPPORTED_CARD;
}

/* What the card does not have or show is read as nothing. */
static int read_optional(struct jpki *jpki, uint16_t ef, size_t le, struct response *ret_response)
{
	int r;

	r = jpki_file_read(jpki, ef, le, ret_response);
	if (r != 0 || status_has_data(jpki->sw))
		return r;

	ret_response->length = 0;
	switch (jpki->sw) {
	case STATUS_FILE_NOT_FOUND:
	case STATUS_SECURITY_NOT_SATISFIED:
	case STATUS_WRONG_OFFSET:
		return 0;
	default:
		return ANSWER_CARD_ERROR;
	}
}

int jpki_read_token(struct jpki *jpki, struct jpki_token *ret_token)
{
	CLEANUP(response_wipe) struct response response;
	struct jpki_token token;
	int r;

	r = read_optional(jpki, EF_TOKEN_INFO, TOKEN_LABEL_LENGTH, &response);
	if (r != 0)
		return r;
	jpki_object_identify(response.data, response.length, &token);

	r = read_optional(jpki, EF_AVAILABILITY, AVAILABILITY_LENGTH, &response);
	if (r != 0)
		return r;
	for (size_t i = 0; i < JPKI_APPLET_COUNT; i++) {
		const size_t offset = jpki_objects[i].availability_offset;

		token.has_certificate[i] = offset >= response.length || response.data[offset] != 0;
	}
	*ret_token = token;
	return 0;
}

static bool sign_input_fits(enum jpki_padding padding, size_t length)
{
	switch (padding) {
	case JPKI_PADDING_PKCS1:
		return length > 0 && length <= JPKI_SIGN_INPUT_MAX;
	case JPKI_PADDING_PSS_SHA256:
		return length == PSS_SHA256_INPUT_LENGTH;
	default:
		return false;
	}
}

int jpki_sign(struct jpki *jpki, enum jpki_applet applet, enum jpki_padding padding,
	      const uint8_t *input, size_t length, uint8_t *ret_signature, size_t *ret_length)
{
	CLEANUP(response_wipe) struct response response;
	struct command sign = {
		.cla = CLA_PROPRIETARY,
		.ins = INS_PERFORM_SECURITY_OPERATION,
		.p1 = (uint8_t)padding,
		.p2 = P2_SIGN,
		.data = input,
		.length = length,
		.le = JPKI_SIGNATURE_LENGTH_MAX,
	};
	int r;

	if (!sign_input_fits(padding, length))
		return -EINVAL;

	r = jpki_file_refer(jpki, jpki_objects[applet].ef_key, &sign, &sign.p2, &response);
	if (r != 0)
		return r;
	if (jpki->sw == STATUS_SECURITY_NOT_SATISFIED)
		return ANSWER_PIN_REQUIRED;
	if (!status_is_success(jpki->sw) || response.length == 0)
		return ANSWER_CARD_ERROR;

	memcpy(ret_signature, response.data, response.length);
	*ret_length = response.length;
	return 0;
}

int jpki_clear(struct jpki *jpki)
{
	static const struct {
		uint8_t length;
		uint8_t bytes[AID_LENGTH];
	} others[] = {
		/* GlobalPlatform's Issuer Security Domain */
		{ 7, { 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00 } },
		/* 券面事項入力補助, on every My Number Card */
		{ 10, { 0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08 } },
	};

	for (size_t i = 0; i < LENGTH_OF(others); i++) {
		int r = jpki_file_select_application(jpki, others[i].bytes, others[i].length);

		if (r != 0 || status_is_success(jpki->sw))
			return r;
	}
	return ANSWER_CARD_ERROR;
}
