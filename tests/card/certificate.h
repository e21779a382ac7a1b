/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes certificates in the shape of J-LIS's profile; the names say that they are for tests. */
#pragma once

#include <time.h>

#include <openssl/x509.h>

#include "tests/card/purpose.h"

struct validity {
	time_t not_before, not_after;
};

/* A self-signed CA certificate for the purpose; the caller owns it. NULL when OpenSSL failed. */
X509 *certificate_make_ca(enum purpose purpose, EVP_PKEY *ca_key, const struct validity *validity);

/* The holder's certificate, signed by the CA; the caller owns it. NULL when OpenSSL failed. */
X509 *certificate_make(enum purpose purpose, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key,
		       const struct validity *validity);
