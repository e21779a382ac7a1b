/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signature schemes, as org.jpkid1 names them, and what of a file goes to the card. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/openssl.h"

enum {
	SCHEME_INPUT_MAX = 245, /* of rsa-pkcs1; no digest is as long */
};

struct scheme_input {
	const char *scheme;
	size_t length;
	uint8_t bytes[SCHEME_INPUT_MAX];
};

/*
 * What the scheme @name (NULL: the default) wants of @file ("-": standard input), digest or bytes.
 * 0 or an enum failure.
 */
int scheme_read(const char *name, const char *file, struct scheme_input *ret_input);

/* Whether @signature was made of @input with the key that belongs to @key. */
bool scheme_verifies(const struct scheme_input *input, EVP_PKEY *key, const uint8_t *signature,
		     size_t length);

/* Whether its digest is one of which two files can have the same. */
bool scheme_is_weak(const struct scheme_input *input);

/* The schemes, from 0 on. NULL: there are no more. */
const char *scheme_name(size_t index);
const char *scheme_help(size_t index);
