/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CA certificates that are trusted, and whether a signer's certificate stands on one. */
#pragma once

#include "client/openssl.h"

struct anchors {
	X509_STORE *store;
	char *directory; /* fit for display; NULL: they are the card's own */
};
#define ANCHORS_INIT ((struct anchors){ 0 })

/*
 * Trusts those of a directory, or those @certificates, of the card. 0 or an enum failure; in each
 * case anchors_clear().
 */
int anchors_trust_directory(struct anchors *anchors, const char *directory);
int anchors_trust(struct anchors *anchors, STACK_OF(X509) *certificates);
void anchors_clear(struct anchors *anchors);

/*
 * Chain, dates (now) and the use of the key; @others may be in the chain. 0 with *ret_chain, the
 * caller's to free; or an enum failure.
 */
int anchors_check(const struct anchors *anchors, X509 *certificate, STACK_OF(X509) *others,
		  STACK_OF(X509) **ret_chain);
