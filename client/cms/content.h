/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The content that a signature is of, as it passes: its digests, and a copy if one is wanted. */
#pragma once

#include <stdbool.h>

#include "client/openssl.h"
#include "client/spool.h"

enum {
	CONTENT_HEAD_SIZE = 16,
};

struct content {
	BIO *digests; /* a chain, one for each algorithm that is used and good enough */
	bool is_copied; /* to the file @output; NULL: standard output */
	const char *output;
	struct spool spool;
	uint8_t head[CONTENT_HEAD_SIZE]; /* of it */
	size_t head_length;
};
#define CONTENT_INIT ((struct content){ .spool = SPOOL_INIT })

/* The digest of this NID, if it is good enough to rely on; or NULL. */
const EVP_MD *content_digest(int nid);

/*
 * For struct cms_taker and source_feed(), with the content as userdata. 0 or an enum failure; in
 * each case content_clear().
 */
int content_begin(const uint8_t *algorithms, size_t length, void *userdata);
int content_take(const uint8_t *bytes, size_t length, void *userdata);
void content_clear(struct content *content);

/*
 * Whether it begins as signed attributes do (RFC 5652, 5.4). A signature of those is one of such
 * content too, for who leaves them away.
 */
bool content_is_attributes(const struct content *content);

/* The copy is seen now. 0 or an enum failure. */
int content_commit(struct content *content);
