/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/scheme.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apdu/digest-info.h"
#include "base/cleanup.h"
#include "base/error.h"

struct scheme {
	const char *name;
	enum jpki_padding padding;
	size_t input_min, input_max;
	bool has_digest_info;
	enum digest digest;
};

static const struct scheme schemes[] = {
	{ "rsa-pkcs1-sha1", JPKI_PADDING_PKCS1, 20, 20, true, DIGEST_SHA1 },
	{ "rsa-pkcs1-sha256", JPKI_PADDING_PKCS1, 32, 32, true, DIGEST_SHA256 },
	{ "rsa-pkcs1-sha384", JPKI_PADDING_PKCS1, 48, 48, true, DIGEST_SHA384 },
	{ "rsa-pkcs1-sha512", JPKI_PADDING_PKCS1, 64, 64, true, DIGEST_SHA512 },
	{ "rsa-pkcs1", JPKI_PADDING_PKCS1, 1, JPKI_SIGN_INPUT_MAX, false, DIGEST_SHA256 },
	{ "rsa-pss-sha256", JPKI_PADDING_PSS_SHA256, 32, 32, false, DIGEST_SHA256 },
};

const struct scheme *scheme_find(const char *name)
{
	for (size_t i = 0; i < LENGTH_OF(schemes); i++)
		if (strcmp(schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

const char *scheme_name(const struct scheme *scheme)
{
	return scheme->name;
}

enum jpki_padding scheme_padding(const struct scheme *scheme)
{
	return scheme->padding;
}

int scheme_prepare(const struct scheme *scheme, const uint8_t *input, size_t length,
		   struct job_bytes *ret_prepared)
{
	CLEANUP(freep) uint8_t *bytes = NULL;
	size_t prepared_length = length;

	if (length < scheme->input_min || length > scheme->input_max)
		return ANSWER_INVALID_INPUT;
	bytes = malloc(JPKI_SIGN_INPUT_MAX);
	if (!bytes)
		return -ENOMEM;

	if (scheme->has_digest_info) {
		int r = digest_info_encode(scheme->digest, input, length, bytes, &prepared_length);

		if (r < 0)
			return r;
	} else {
		memcpy(bytes, input, length);
	}
	*ret_prepared = (struct job_bytes){ TAKE(bytes), prepared_length };
	return 0;
}
