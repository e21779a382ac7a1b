/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A CMS SignedData (RFC 5652) that is being made, of one signer, with the signed attributes of
 * CAdES-BES (ETSI EN 319 122-1): content-type, message-digest, signing-time and ESS
 * signing-certificate-v2 (RFC 5035). The signer's certificate is in it; that of the issuer is not,
 * since who checks must have that from elsewhere to trust it.
 */
#pragma once

#include <stdio.h>
#include <time.h>

#include "client/cms/scheme.h"
#include "client/openssl.h"

struct cms_draft {
	CMS_ContentInfo *cms;
	CMS_SignerInfo *signer; /* of it */
};
#define CMS_DRAFT_INIT ((struct cms_draft){ 0 })

/*
 * For the content that has this SHA-256 @digest; @now is what the signer's clock says. 0 or an enum
 * failure; in each case cms_draft_clear().
 */
int cms_draft_begin(struct cms_draft *draft, X509 *certificate, const uint8_t *digest,
		    size_t length, time_t now);
void cms_draft_clear(struct cms_draft *draft);

/* What the certificate's key has to sign. 0 or an enum failure. */
int cms_draft_input(const struct cms_draft *draft, struct scheme_input *ret_input);

/* Puts the signature in. 0 or an enum failure. */
int cms_draft_finish(struct cms_draft *draft, const uint8_t *signature, size_t length);

/* DER of the whole, without the content; *ret_der is the caller's to free. 0 or an enum failure. */
int cms_draft_encode(const struct cms_draft *draft, uint8_t **ret_der, size_t *ret_length);
/* To @stream, as DER or PEM. 0 or an enum failure. */
int cms_draft_print(const struct cms_draft *draft, bool as_pem, FILE *stream);
