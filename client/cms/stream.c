/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/stream.h"

#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/language.h"

#define PEM_BEGIN "-----BEGIN "
#define PEM_DASHES "-----"

enum {
	HEAD_SIZE = 11,  /* both tags, and between them a length of up to 64 bits */
	LABEL_SIZE = 40, /* that is shown */
};

int stream_fail_form(const struct stream *stream)
{
	return failure_say(FAILURE_SIGNATURE, _("%s is not a CMS signature."), stream->source.name);
}

static bool is_cms_label(const char *label, size_t length)
{
	static const char *const labels[] = { PEM_STRING_CMS, PEM_STRING_PKCS7,
					      PEM_STRING_PKCS7_SIGNED };

	for (size_t i = 0; i < LENGTH_OF(labels); i++)
		if (strlen(labels[i]) == length && memcmp(labels[i], label, length) == 0)
			return true;
	return false;
}

static int fail_label(const struct stream *stream, const char *label, size_t length)
{
	char shown[LABEL_SIZE];

	snprintf(shown, sizeof(shown), "%.*s", (int)length, label);
	return failure_say(FAILURE_SIGNATURE, _("%s is a PEM file of something else: %s"),
			   stream->source.name, shown);
}

/* Finds where PEM begins in the first block; other text may come before. */
static int begin_pem(struct stream *stream)
{
	const char *begin = memmem(stream->at, stream->left, PEM_BEGIN, strlen(PEM_BEGIN));
	const char *end = (const char *)stream->at + stream->left;
	const char *label = begin ? begin + strlen(PEM_BEGIN) : end;
	const char *dashes = memmem(label, (size_t)(end - label), PEM_DASHES, strlen(PEM_DASHES));

	if (!dashes)
		return stream_fail_form(stream);
	if (!is_cms_label(label, (size_t)(dashes - label)))
		return fail_label(stream, label, (size_t)(dashes - label));
	dashes += strlen(PEM_DASHES);
	stream->pem = EVP_ENCODE_CTX_new();
	stream->decoded = malloc(SOURCE_BLOCK_SIZE);
	if (!stream->pem || !stream->decoded)
		return failure_no_memory();
	EVP_DecodeInit(stream->pem);
	stream->at = (const uint8_t *)dashes;
	stream->left = (size_t)(end - dashes);
	return 0;
}

static int read_block(struct stream *stream)
{
	const ssize_t length = source_read(&stream->source, stream->raw, SOURCE_BLOCK_SIZE);

	if (length < 0)
		return source_fail(&stream->source, (int)length);
	stream->at = stream->raw;
	stream->left = (size_t)length;
	stream->is_over = length == 0;
	return 0;
}

/* Puts what the block means in its place. */
static int decode(struct stream *stream)
{
	const uint8_t *dash = memchr(stream->at, '-', stream->left);
	const size_t length = dash ? (size_t)(dash - stream->at) : stream->left;
	int decoded = 0, last = 0;

	stream->is_over = stream->is_over || dash;
	if (EVP_DecodeUpdate(stream->pem, stream->decoded, &decoded, stream->at, (int)length) < 0 ||
	    (stream->is_over &&
	     EVP_DecodeFinal(stream->pem, stream->decoded + decoded, &last) < 0))
		return stream_fail_form(stream);
	stream->at = stream->decoded;
	stream->left = (size_t)(decoded + last);
	return 0;
}

/* The tag of a SEQUENCE is '0', with which text may begin; that of an OBJECT is in no text. */
static bool is_ber(const struct stream *stream)
{
	const size_t length = stream->left < HEAD_SIZE ? stream->left : HEAD_SIZE;

	return *stream->at == TAG_SEQUENCE && memchr(stream->at, V_ASN1_OBJECT, length);
}

int stream_open(struct stream *stream, const char *file)
{
	int failure = source_open(&stream->source, file);

	stream->raw = malloc(SOURCE_BLOCK_SIZE);
	if (failure == 0 && !stream->raw)
		failure = failure_no_memory();
	if (failure == 0)
		failure = read_block(stream);
	if (failure == 0 && stream->left == 0)
		return failure_say(FAILURE_SIGNATURE, _("%s is empty."), stream->source.name);
	if (failure != 0 || is_ber(stream))
		return failure;
	failure = begin_pem(stream);
	return failure != 0 ? failure : decode(stream);
}

void stream_close(struct stream *stream)
{
	source_close(&stream->source);
	EVP_ENCODE_CTX_free(stream->pem);
	free(stream->raw);
	free(stream->decoded);
	*stream = STREAM_INIT;
}

int stream_peek(struct stream *stream, const uint8_t **ret_bytes, size_t *ret_length)
{
	int failure = 0;

	while (failure == 0 && stream->left == 0 && !stream->is_over) {
		failure = read_block(stream);
		if (failure == 0 && stream->pem)
			failure = decode(stream);
	}
	*ret_bytes = stream->at;
	*ret_length = stream->left;
	return failure;
}

void stream_skip(struct stream *stream, size_t length)
{
	stream->at += length;
	stream->left -= length;
}
