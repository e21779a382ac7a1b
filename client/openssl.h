/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSL, as far as the client needs it: digests of files, and a certificate as PEM. */
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
