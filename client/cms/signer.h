/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has signed, as the certificate says it. Texts are UTF-8 and fit for a terminal. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "client/openssl.h"

struct signer {
	char *subject, *issuer, *serial;
	char *name;             /* the holder's, of a sign certificate; NULL: it does not say */
	const char *applet;     /* "auth" or "sign"; NULL: it is none of JPKI's */
	const char *digest;     /* "sha256"; NULL: there is none */
	uint64_t not_before, not_after; /* seconds since 1970 */
	uint64_t claimed_time;  /* 0: none */
};
#define SIGNER_INIT ((struct signer){ 0 })

/* All but digest and claimed_time. 0 or an enum failure; in each case signer_clear(). */
int signer_describe(struct signer *signer, X509 *certificate);
void signer_clear(struct signer *signer);

/* Seconds since 1970; 0 for what is no time, or before. */
uint64_t signer_time(const ASN1_TIME *time);

void signer_print(const struct signer *signer, FILE *stream);
