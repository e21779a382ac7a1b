/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/ber.h"

#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/language.h"

enum {
	LONG_LENGTH = 0x80,
	INDEFINITE_LENGTH = 0x80,
};

static const uint8_t end_of_contents[] = { 0, 0 };

int ber_open(struct ber *ber, const char *file)
{
	int failure = stream_open(&ber->stream, file);

	/* What is not used of it is never there. */
	ber->copy = malloc(BER_COPY_MAX);
	return failure == 0 && !ber->copy ? failure_no_memory() : failure;
}

void ber_close(struct ber *ber)
{
	stream_close(&ber->stream);
	free(ber->copy);
	*ber = BER_INIT;
}

/* --- bytes ------ */

static int fail_form(const struct ber *ber)
{
	return stream_fail_form(&ber->stream);
}

/* At least one and at most @wanted bytes, which are then taken. */
static int next_bytes(struct ber *ber, uint64_t wanted, const uint8_t **ret_bytes,
		      size_t *ret_length)
{
	int failure = stream_peek(&ber->stream, ret_bytes, ret_length);

	if (failure != 0)
		return failure;
	if (*ret_length == 0)
		return failure_say(FAILURE_SIGNATURE,
				   _("%s ends too early: a part of the signature is missing."),
				   ber->stream.source.name);
	if (*ret_length > wanted)
		*ret_length = (size_t)wanted;
	stream_skip(&ber->stream, *ret_length);
	ber->offset += *ret_length;
	return 0;
}

static int read_bytes(struct ber *ber, uint8_t *bytes, size_t length)
{
	int failure = 0;

	while (failure == 0 && length > 0) {
		const uint8_t *some;
		size_t count;

		failure = next_bytes(ber, length, &some, &count);
		if (failure != 0)
			return failure;
		memcpy(bytes, some, count);
		bytes += count;
		length -= count;
	}
	return failure;
}

static int fail_large(const struct ber *ber)
{
	return failure_say(FAILURE_SIGNATURE,
			   _("The certificates and attributes in %s are too large: more than %d "
			     "KiB."),
			   ber->stream.source.name, BER_COPY_MAX / 1024);
}

int ber_append(struct ber *ber, const uint8_t *bytes, size_t length)
{
	if (length > BER_COPY_MAX - ber->copied)
		return fail_large(ber);
	memcpy(ber->copy + ber->copied, bytes, length);
	ber->copied += length;
	return 0;
}

static int copy_bytes(struct ber *ber, uint64_t length)
{
	int failure;

	if (length > BER_COPY_MAX - ber->copied)
		return fail_large(ber);
	failure = read_bytes(ber, ber->copy + ber->copied, (size_t)length);
	ber->copied += failure == 0 ? (size_t)length : 0;
	return failure;
}

/* --- elements ------ */

static int read_header_byte(struct ber *ber, struct ber_element *element, uint8_t *ret_byte)
{
	int failure = read_bytes(ber, ret_byte, 1);

	element->header[element->header_length++] = *ret_byte;
	return failure;
}

static int read_length(struct ber *ber, struct ber_element *element, uint64_t *ret_length)
{
	uint8_t first = 0, byte = 0;
	int failure = read_header_byte(ber, element, &first);

	*ret_length = first;
	element->is_indefinite = first == INDEFINITE_LENGTH;
	if (failure != 0 || first <= LONG_LENGTH)
		return failure;
	*ret_length = 0;
	if (first - LONG_LENGTH > (int)sizeof(*ret_length))
		return fail_form(ber);
	for (int i = LONG_LENGTH; failure == 0 && i < first; i++) {
		failure = read_header_byte(ber, element, &byte);
		*ret_length = *ret_length << 8 | byte;
	}
	return failure;
}

int ber_enter(struct ber *ber, const struct ber_element *parent, struct ber_element *ret_element)
{
	const uint64_t limit = parent ? parent->end : UINT64_MAX;
	uint64_t length = 0;
	int failure;

	*ret_element = (struct ber_element){ .end = limit };
	failure = read_header_byte(ber, ret_element, &ret_element->tag);
	if (failure == 0)
		failure = read_length(ber, ret_element, &length);
	if (failure != 0)
		return failure;
	if ((ret_element->tag & V_ASN1_PRIMITIVE_TAG) == V_ASN1_PRIMITIVE_TAG ||
	    ber->offset > limit)
		return fail_form(ber);
	if (ret_element->is_indefinite)
		return ret_element->tag & V_ASN1_CONSTRUCTED ? 0 : fail_form(ber);
	if (length > limit - ber->offset)
		return fail_form(ber);
	ret_element->end = ber->offset + length;
	return 0;
}

int ber_expect(struct ber *ber, const struct ber_element *parent, uint8_t tag,
	       struct ber_element *ret_element)
{
	int failure = ber_enter(ber, parent, ret_element);

	return failure == 0 && ret_element->tag != tag ? fail_form(ber) : failure;
}

int ber_is_over(struct ber *ber, const struct ber_element *element, bool *ret_is_over)
{
	uint8_t end[sizeof(end_of_contents)];
	const uint8_t *bytes;
	size_t length;
	int failure;

	*ret_is_over = !element->is_indefinite && ber->offset == element->end;
	if (!element->is_indefinite)
		return 0;
	failure = stream_peek(&ber->stream, &bytes, &length);
	if (failure != 0 || length == 0 || *bytes != end_of_contents[0])
		return failure;
	failure = read_bytes(ber, end, sizeof(end));
	*ret_is_over = failure == 0;
	return failure == 0 && end[1] != end_of_contents[1] ? fail_form(ber) : failure;
}

int ber_leave(struct ber *ber, const struct ber_element *element)
{
	bool is_over = false;
	const uint8_t *bytes;
	size_t length = 0;
	int failure = element ? ber_is_over(ber, element, &is_over) :
				stream_peek(&ber->stream, &bytes, &length);

	if (failure != 0)
		return failure;
	if (length > 0)
		return failure_say(FAILURE_SIGNATURE,
				   _("%s has more data after the end of the signature, which "
				     "nobody has signed."),
				   ber->stream.source.name);
	return element && !is_over ? fail_form(ber) : 0;
}

static int copy_element(struct ber *ber, const struct ber_element *parent, int depth,
			uint8_t *ret_tag)
{
	struct ber_element element;
	bool is_over = false;
	uint8_t tag;
	int failure = depth < BER_DEPTH_MAX ? ber_enter(ber, parent, &element) : fail_form(ber);

	if (failure == 0)
		failure = ber_append(ber, element.header, element.header_length);
	if (failure != 0)
		return failure;
	*ret_tag = element.tag;
	if (!element.is_indefinite)
		return copy_bytes(ber, element.end - ber->offset);
	failure = ber_is_over(ber, &element, &is_over);
	while (failure == 0 && !is_over) {
		failure = copy_element(ber, &element, depth + 1, &tag);
		if (failure == 0)
			failure = ber_is_over(ber, &element, &is_over);
	}
	return failure != 0 ? failure : ber_append(ber, end_of_contents, sizeof(end_of_contents));
}

int ber_copy(struct ber *ber, const struct ber_element *parent, uint8_t *ret_tag)
{
	return copy_element(ber, parent, 0, ret_tag);
}

/* --- octet strings ------ */

static int feed_primitive(struct ber *ber, const struct ber_element *element,
			  int (*take)(const uint8_t *bytes, size_t length, void *userdata),
			  void *userdata)
{
	int failure = 0;

	while (failure == 0 && ber->offset < element->end) {
		const uint8_t *bytes;
		size_t length;

		failure = next_bytes(ber, element->end - ber->offset, &bytes, &length);
		if (failure == 0)
			failure = take(bytes, length, userdata);
	}
	return failure;
}

static int feed(struct ber *ber, const struct ber_element *element, int depth,
		int (*take)(const uint8_t *bytes, size_t length, void *userdata), void *userdata)
{
	struct ber_element segment;
	bool is_over = false;
	int failure;

	if (element->tag == V_ASN1_OCTET_STRING)
		return feed_primitive(ber, element, take, userdata);
	if (element->tag != (V_ASN1_OCTET_STRING | V_ASN1_CONSTRUCTED) || depth >= BER_DEPTH_MAX)
		return fail_form(ber);
	failure = ber_is_over(ber, element, &is_over);
	while (failure == 0 && !is_over) {
		failure = ber_enter(ber, element, &segment);
		if (failure == 0)
			failure = feed(ber, &segment, depth + 1, take, userdata);
		if (failure == 0)
			failure = ber_is_over(ber, element, &is_over);
	}
	return failure;
}

int ber_feed(struct ber *ber, const struct ber_element *element,
	     int (*take)(const uint8_t *bytes, size_t length, void *userdata), void *userdata)
{
	return feed(ber, element, 0, take, userdata);
}
