/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has been found good, and of whom. */
#pragma once

#include "client/cms/anchors.h"
#include "client/cms/content.h"
#include "client/cms/signer.h"

enum {
	VERIFICATION_SIGNERS_MAX = 16,
};

struct verification {
	const struct anchors *anchors;
	const char *form; /* "detached", "attached" or "raw" */
	size_t count;
	struct signer signers[VERIFICATION_SIGNERS_MAX];
};

/*
 * All signers of @cms, for this @content; @file is the name of @cms. @wanted NULL, or the
 * certificate that the signer must have; it need not be in @cms. Whether the certificates can be
 * trusted is another question: verification_trust(). 0 or an enum failure.
 */
int verification_check(CMS_ContentInfo *cms, const struct content *content, X509 *wanted,
		       const char *file);

/* Loads the anchors. Fills @verification; in each case verification_clear(). */
int verification_trust(struct verification *verification, CMS_ContentInfo *cms);

/* The same for one signer who is not in a CMS. */
int verification_trust_certificate(struct verification *verification, X509 *certificate);
void verification_clear(struct verification *verification);

void verification_print(const struct verification *verification, FILE *stream);
