/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keys and certificates on the card, and the CAs that issued them. In a folder they are
 * {auth,sign}.key, {auth,sign}-ca.key (PEM) and {auth,sign}.der, {auth,sign}-ca.der.
 */
#pragma once

#include <time.h>

#include <openssl/evp.h>

#include "tests/card/bytes.h"
#include "tests/card/purpose.h"

struct pki {
	struct key_pair {
		EVP_PKEY *key;
		struct bytes certificate;	/* DER */
		struct bytes ca_certificate;	/* DER */
	} of[PURPOSE_COUNT];
};

/* The last second of the day YYYY-MM-DD in Japan; NULL = today, five years on. 0 or -EINVAL. */
int pki_last_second(const char *day, time_t *ret_time);

/*
 * Loads the PKI of the folder; makes it first, in one rename, when the folder is missing or empty,
 * so that several cards can start at once. The certificates made are valid up to and with
 * not_after. 0, -ENOTEMPTY for a folder with other things and no PKI, -EIO when OpenSSL failed, or
 * negative errno. The caller clears pki after success.
 */
int pki_open(struct pki *pki, const char *folder, time_t not_after);

void pki_clear(struct pki *pki);
