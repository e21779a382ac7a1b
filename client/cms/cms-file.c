/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/cms-file.h"

#include <string.h>

#include "base/cleanup.h"
#include "client/cms/ber.h"
#include "client/failure.h"
#include "client/language.h"

/* The beginning of a SignedData whose lengths are left open. */
static const uint8_t head[] = {
	TAG_SEQUENCE, 0x80,
	V_ASN1_OBJECT, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02,
	TAG_EXPLICIT_0, 0x80, TAG_SEQUENCE, 0x80,
};
static const uint8_t content_head[] = { TAG_SEQUENCE, 0x80 };
static const uint8_t end[6];

enum {
	END_OF_ONE = 2,
	TYPE_AT = 2, /* of contentType in head, with its header */
	TYPE_LENGTH = 11,
};

/* What is open around the part that is read. */
struct levels {
	struct ber_element info, outer, signed_data, content_info;
};

static int expect_copy(struct ber *ber, const struct ber_element *parent, uint8_t tag)
{
	uint8_t found = 0;
	int failure = ber_copy(ber, parent, &found);

	return failure == 0 && found != tag ? stream_fail_form(&ber->stream) : failure;
}

/* contentType, which says whether this is a SignedData. */
static int read_type(struct ber *ber, struct levels *levels)
{
	int failure = ber_expect(ber, NULL, TAG_SEQUENCE, &levels->info);

	ber->copied = 0;
	if (failure == 0)
		failure = expect_copy(ber, &levels->info, V_ASN1_OBJECT);
	if (failure != 0)
		return failure;
	if (ber->copied != TYPE_LENGTH || memcmp(ber->copy, head + TYPE_AT, TYPE_LENGTH) != 0)
		return failure_say(FAILURE_SIGNATURE, _("%s is CMS, but not a signature."),
				   ber->stream.source.name);
	ber->copied = 0;
	return ber_append(ber, head, sizeof(head));
}

static int read_beginning(struct ber *ber, struct levels *levels, const struct cms_taker *taker)
{
	size_t algorithms;
	int failure = read_type(ber, levels);

	if (failure == 0)
		failure = ber_expect(ber, &levels->info, TAG_EXPLICIT_0, &levels->outer);
	if (failure == 0)
		failure = ber_expect(ber, &levels->outer, TAG_SEQUENCE, &levels->signed_data);
	if (failure == 0)
		failure = expect_copy(ber, &levels->signed_data, V_ASN1_INTEGER);
	algorithms = ber->copied;
	if (failure == 0)
		failure = expect_copy(ber, &levels->signed_data, TAG_SET);
	return failure != 0 ? failure :
			      taker->begin(ber->copy + algorithms, ber->copied - algorithms,
					   taker->userdata);
}

static int read_octets(struct ber *ber, const struct levels *levels, const struct cms_taker *taker)
{
	struct ber_element outer, octets;
	int failure = ber_expect(ber, &levels->content_info, TAG_EXPLICIT_0, &outer);

	if (failure == 0)
		failure = ber_enter(ber, &outer, &octets);
	if (failure == 0)
		failure = ber_feed(ber, &octets, taker->take, taker->userdata);
	if (failure == 0)
		failure = ber_leave(ber, &outer);
	return failure != 0 ? failure : ber_leave(ber, &levels->content_info);
}

static int read_content(struct ber *ber, struct levels *levels, const struct cms_taker *taker,
			bool *ret_has_content)
{
	bool is_over = false;
	int failure = ber_expect(ber, &levels->signed_data, TAG_SEQUENCE, &levels->content_info);

	if (failure == 0)
		failure = ber_append(ber, content_head, sizeof(content_head));
	if (failure == 0)
		failure = expect_copy(ber, &levels->content_info, V_ASN1_OBJECT);
	if (failure == 0)
		failure = ber_is_over(ber, &levels->content_info, &is_over);
	if (failure == 0 && !is_over)
		failure = read_octets(ber, levels, taker);
	*ret_has_content = !is_over;
	return failure != 0 ? failure : ber_append(ber, end, END_OF_ONE);
}

/* Certificates, revocation lists, signers. */
static int read_rest(struct ber *ber, const struct levels *levels)
{
	bool is_over = false;
	uint8_t tag;
	int failure = ber_is_over(ber, &levels->signed_data, &is_over);

	while (failure == 0 && !is_over) {
		failure = ber_copy(ber, &levels->signed_data, &tag);
		if (failure == 0)
			failure = ber_is_over(ber, &levels->signed_data, &is_over);
	}
	if (failure == 0)
		failure = ber_leave(ber, &levels->outer);
	if (failure == 0)
		failure = ber_leave(ber, &levels->info);
	if (failure == 0)
		failure = ber_leave(ber, NULL);
	return failure != 0 ? failure : ber_append(ber, end, sizeof(end));
}

int cms_file_read(const char *file, const struct cms_taker *taker, bool *ret_has_content,
		  CMS_ContentInfo **ret_cms)
{
	CLEANUP(ber_close) struct ber ber = BER_INIT;
	struct levels levels;
	const uint8_t *at;
	int failure = ber_open(&ber, file);

	if (failure == 0)
		failure = read_beginning(&ber, &levels, taker);
	if (failure == 0)
		failure = read_content(&ber, &levels, taker, ret_has_content);
	if (failure == 0)
		failure = read_rest(&ber, &levels);
	if (failure != 0)
		return failure;
	at = ber.copy;
	*ret_cms = d2i_CMS_ContentInfo(NULL, &at, (long)ber.copied);
	return *ret_cms ? 0 : stream_fail_form(&ber.stream);
}
