/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a certificate by its own length: the file is longer, and nobody says what fills it. */
#include <errno.h>
#include <string.h>

#include "apdu/jpki-file.h"
#include "apdu/jpki-object.h"
#include "apdu/jpki.h"
#include "apdu/status.h"
#include "apdu/tlv.h"
#include "base/cleanup.h"
#include "base/error.h"

enum {
	ERASED = 0xFF,
	/*
	 * Cards may give less than Le, but one that needs this many READs is not worth waiting for.
	 */
	READ_COUNT_MAX = 4 * JPKI_CERTIFICATE_LENGTH_MAX / COMMAND_LE_MAX,
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What a refused first READ means. */
static int first_answer(uint16_t sw)
{
	switch (sw) {
	case STATUS_SECURITY_NOT_SATISFIED:
		return ANSWER_PIN_REQUIRED;
	case STATUS_FILE_NOT_FOUND:
	case STATUS_WRONG_OFFSET:
		return ANSWER_NO_CERTIFICATE;
	default:
		return ANSWER_CARD_ERROR;
	}
}

/* The length that the DER header tells, of a file that begins with what @first has. */
static int certificate_length(const struct response *first, size_t *ret_length)
{
	struct tlv tlv;

	if (first->length == 0 || first->data[0] == ERASED)
		return ANSWER_NO_CERTIFICATE;
	if (!tlv_read_header(first->data, first->length, &tlv) || tlv.tag != TLV_SEQUENCE)
		return ANSWER_CERTIFICATE_UNREADABLE;
	if (tlv.length > JPKI_CERTIFICATE_LENGTH_MAX - tlv.header_length)
		return ANSWER_CERTIFICATE_UNREADABLE;
	*ret_length = tlv.header_length + tlv.length;
	return 0;
}

/* Fills @der from @offset to its end. */
static int read_rest(struct jpki *jpki, uint16_t ef, uint8_t *der, size_t offset, size_t length)
{
	CLEANUP(response_wipe) struct response response;

	for (unsigned int count = 1; offset < length; count++) {
		const size_t le = smaller(length - offset, COMMAND_LE_MAX);
		size_t got;
		int r;

		if (count == READ_COUNT_MAX)
			return ANSWER_CERTIFICATE_UNREADABLE;
		r = jpki_file_read_on(jpki, ef, offset, le, &response);
		if (r != 0)
			return r;
		if (jpki->sw == STATUS_SECURITY_NOT_SATISFIED)
			return ANSWER_PIN_REQUIRED;
		if (jpki->sw == STATUS_WRONG_OFFSET)
			return ANSWER_CERTIFICATE_UNREADABLE;
		if (!status_has_data(jpki->sw))
			return ANSWER_CARD_ERROR;

		got = smaller(response.length, le);
		if (got == 0)
			return ANSWER_CERTIFICATE_UNREADABLE;
		memcpy(der + offset, response.data, got);
		offset += got;
	}
	return 0;
}

int jpki_read_certificate(struct jpki *jpki, enum jpki_applet applet, enum jpki_certificate which,
			  uint8_t **ret_der, size_t *ret_length)
{
	const uint16_t ef = jpki_objects[applet].ef_certificate[which];
	CLEANUP(response_wipe) struct response first;
	CLEANUP(freep) uint8_t *der = NULL;
	size_t length, got;
	int r;

	r = jpki_file_read(jpki, ef, COMMAND_LE_MAX, &first);
	if (r != 0)
		return r;
	if (!status_has_data(jpki->sw))
		return first_answer(jpki->sw);
	r = certificate_length(&first, &length);
	if (r != 0)
		return r;

	der = malloc(length);
	if (!der)
		return -ENOMEM;
	got = smaller(first.length, length);
	memcpy(der, first.data, got);
	r = read_rest(jpki, ef, der, got, length);
	if (r != 0)
		return r;

	*ret_der = TAKE(der);
	*ret_length = length;
	return 0;
}
