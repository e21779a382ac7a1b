/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/envelope.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/output.h"
#include "client/source.h"

#define PEM_BEGIN "-----BEGIN " PEM_STRING_CMS "-----\n"
#define PEM_END "-----END " PEM_STRING_CMS "-----\n"

enum {
	LENGTH_OF_THREE = 0x83, /* bytes (X.690, 8.1.3.5) */
	NO_OBJECT = 0x80,       /* of ASN1_get_object() */
	PEM_BLOCK_SIZE = SOURCE_BLOCK_SIZE / 48 * 65 + 2 * 65 + 1, /* lines of 48 bytes */
};

/* What stands before the content (RFC 5652, 5.1 and 5.2), its lengths left open. */
static const uint8_t head[] = {
	/* ContentInfo, id-signedData */
	0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02,
	/* SignedData, version 1 */
	0xA0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01,
	/* digestAlgorithms: id-sha256 */
	0x31, 0x0D, 0x30, 0x0B,
	0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
	/* encapContentInfo, id-data */
	0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01,
	/* eContent */
	0xA0, 0x80, 0x24, 0x80,
};
/* The ends of eContent and encapContentInfo; and those of SignedData and ContentInfo. */
static const uint8_t end_of_content[6], end_of_all[6];

/* --- writing ------ */

static int fail(const struct envelope *envelope, int r)
{
	return r == 0 ? 0 : output_fail(envelope->path, r);
}

static int write_pem(struct envelope *envelope, const uint8_t *bytes, size_t length)
{
	uint8_t lines[PEM_BLOCK_SIZE];
	int r = 0;

	while (r == 0 && length > 0) {
		const size_t step = length < SOURCE_BLOCK_SIZE ? length : SOURCE_BLOCK_SIZE;
		int written;

		if (!EVP_EncodeUpdate(envelope->pem, lines, &written, bytes, (int)step))
			return -EINVAL;
		r = spool_write(&envelope->spool, lines, (size_t)written);
		bytes += step;
		length -= step;
	}
	return r;
}

static int write_bytes(struct envelope *envelope, const uint8_t *bytes, size_t length)
{
	return envelope->pem ? write_pem(envelope, bytes, length) :
			       spool_write(&envelope->spool, bytes, length);
}

static int begin(struct envelope *envelope, bool as_pem)
{
	int r = 0;

	envelope->digest = EVP_MD_CTX_new();
	envelope->pem = as_pem ? EVP_ENCODE_CTX_new() : NULL;
	if (!envelope->digest || (as_pem && !envelope->pem) ||
	    !EVP_DigestInit_ex(envelope->digest, EVP_sha256(), NULL))
		return failure_no_memory();
	if (as_pem) {
		EVP_EncodeInit(envelope->pem);
		r = spool_write(&envelope->spool, PEM_BEGIN, strlen(PEM_BEGIN));
	}
	if (r == 0)
		r = write_bytes(envelope, head, sizeof(head));
	return fail(envelope, r);
}

int envelope_open(struct envelope *envelope, const char *path, bool as_pem)
{
	int r = spool_open(&envelope->spool, path);

	envelope->path = path;
	return r < 0 ? fail(envelope, r) : begin(envelope, as_pem);
}

void envelope_clear(struct envelope *envelope)
{
	spool_clear(&envelope->spool);
	EVP_ENCODE_CTX_free(envelope->pem);
	EVP_MD_CTX_free(envelope->digest);
	*envelope = ENVELOPE_INIT;
}

/* --- the content ------ */

/* One segment of the OCTET STRING. */
static int take_block(const uint8_t *bytes, size_t length, void *userdata)
{
	struct envelope *envelope = userdata;
	const uint8_t header[] = { V_ASN1_OCTET_STRING, LENGTH_OF_THREE, (uint8_t)(length >> 16),
				   (uint8_t)(length >> 8), (uint8_t)length };
	int r;

	if (length == 0)
		return 0;
	if (!EVP_DigestUpdate(envelope->digest, bytes, length))
		return failure_no_memory();
	r = write_bytes(envelope, header, sizeof(header));
	if (r == 0)
		r = write_bytes(envelope, bytes, length);
	return fail(envelope, r);
}

int envelope_fill(struct envelope *envelope, const char *file, struct scheme_input *ret_digest)
{
	CLEANUP(source_close) struct source source = SOURCE_INIT;
	unsigned int length = 0;
	int failure = source_open(&source, file);

	if (failure == 0)
		failure = source_feed(&source, take_block, envelope);
	if (failure == 0)
		failure = fail(envelope, write_bytes(envelope, end_of_content,
						     sizeof(end_of_content)));
	/* A disk that is full is known before there is a card in play. */
	if (failure == 0)
		failure = fail(envelope, spool_flush(&envelope->spool));
	if (failure == 0 && !EVP_DigestFinal_ex(envelope->digest, ret_digest->bytes, &length))
		failure = failure_no_memory();
	ret_digest->length = length;
	return failure;
}

/* --- the rest ------ */

/* Steps into the element at *@at, or over it. False: it is not what our own encoder writes. */
static bool step(const uint8_t **at, const uint8_t *end, bool over)
{
	long length;
	int tag, class;

	if (ASN1_get_object(at, &length, &tag, &class, end - *at) & NO_OBJECT)
		return false;
	*at += over ? length : 0;
	return true;
}

/* What follows encapContentInfo in the DER of a SignedData without content. */
static const uint8_t *find_rest(const uint8_t *der, const uint8_t *end)
{
	static const bool over[] = {
		false, true, false, false, /* ContentInfo, contentType, [0], SignedData */
		true, true, true,          /* version, digestAlgorithms, encapContentInfo */
	};

	for (size_t i = 0; i < LENGTH_OF(over); i++)
		if (!step(&der, end, over[i]))
			return NULL;
	return der;
}

static int finish_pem(struct envelope *envelope)
{
	uint8_t line[PEM_BLOCK_SIZE];
	int length, r;

	if (!envelope->pem)
		return 0;
	EVP_EncodeFinal(envelope->pem, line, &length);
	r = spool_write(&envelope->spool, line, (size_t)length);
	return r < 0 ? r : spool_write(&envelope->spool, PEM_END, strlen(PEM_END));
}

int envelope_close(struct envelope *envelope, const struct cms_draft *draft)
{
	CLEANUP(freep) uint8_t *der = NULL;
	const uint8_t *rest;
	size_t length;
	int r, failure = cms_draft_encode(draft, &der, &length);

	if (failure != 0)
		return failure;
	rest = find_rest(der, der + length);
	r = rest ? write_bytes(envelope, rest, (size_t)(der + length - rest)) : -EBADMSG;
	if (r == 0)
		r = write_bytes(envelope, end_of_all, sizeof(end_of_all));
	if (r == 0)
		r = finish_pem(envelope);
	if (r == 0)
		r = spool_commit(&envelope->spool);
	return fail(envelope, r);
}
