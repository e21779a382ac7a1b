/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The binary form of a CMS file, whether that is PEM or binary itself; in constant memory. */
#pragma once

#include <stdbool.h>

#include "client/openssl.h"
#include "client/source.h"

struct stream {
	struct source source;
	uint8_t *raw, *decoded;
	EVP_ENCODE_CTX *pem; /* NULL: the file is binary */
	const uint8_t *at;
	size_t left; /* at @at */
	bool is_over;
};
#define STREAM_INIT ((struct stream){ .source = SOURCE_INIT })

/* @file "-": standard input. 0 or an enum failure; in each case stream_close(). */
int stream_open(struct stream *stream, const char *file);
void stream_close(struct stream *stream);

/* What comes next, as much as is there; no bytes at the end only. 0 or an enum failure. */
int stream_peek(struct stream *stream, const uint8_t **ret_bytes, size_t *ret_length);
/* So many of those have been taken. */
void stream_skip(struct stream *stream, size_t length);

/* Says that this is no CMS signature; the failure that it is. */
int stream_fail_form(const struct stream *stream);
