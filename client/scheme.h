/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signature schemes, as org.jpkid1 names them, and what of a file goes to the card. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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

/* One line for each. */
void scheme_list(FILE *stream);
