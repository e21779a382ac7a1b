/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A CMS SignedData with the content in it, written while the content is read: in BER, whose
 * indefinite lengths need no content that is known beforehand, as DER's would. The certificates and
 * the signed attributes are DER.
 */
#pragma once

#include <stdbool.h>

#include "client/cms/cms-draft.h"
#include "client/spool.h"

struct envelope {
	const char *path; /* NULL: standard output */
	struct spool spool;
	EVP_ENCODE_CTX *pem; /* NULL: not wanted */
	EVP_MD_CTX *digest;
};
#define ENVELOPE_INIT ((struct envelope){ .spool = SPOOL_INIT })

/* For spool_open()'s @path. 0 or an enum failure; in each case envelope_clear(). */
int envelope_open(struct envelope *envelope, const char *path, bool as_pem);
void envelope_clear(struct envelope *envelope);

/* All of the content. *ret_digest is for cms_draft_begin(). 0 or an enum failure. */
int envelope_fill(struct envelope *envelope, const char *file, struct scheme_input *ret_digest);

/* Adds what @draft has, and then it is seen. 0 or an enum failure. */
int envelope_close(struct envelope *envelope, const struct cms_draft *draft);
