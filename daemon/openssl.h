/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What certificate.c, public-key.c and digest.c share, and no other file includes: they alone use
 * OpenSSL. The first two are for the main thread only, because OpenSSL gives the threads that use
 * it an error queue each; digest.c says how it does without.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"

#define DEFINE_CLEANUP(type, free_function)                                                        \
	static inline void free_function##p(type **object)                                         \
	{                                                                                          \
		free_function(*object);                                                            \
	}

DEFINE_CLEANUP(BIO, BIO_free_all)
DEFINE_CLEANUP(BIGNUM, BN_free)
DEFINE_CLEANUP(CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free)
DEFINE_CLEANUP(EVP_MAC, EVP_MAC_free)
DEFINE_CLEANUP(EVP_MAC_CTX, EVP_MAC_CTX_free)
DEFINE_CLEANUP(GENERAL_NAMES, GENERAL_NAMES_free)
DEFINE_CLEANUP(X509, X509_free)

/*
 * What a failed call of OpenSSL means since its errors were last cleared: -ENOMEM if memory was its
 * cause, else @otherwise. Clears them.
 */
int openssl_failure(int otherwise);

/*
 * Clears the errors and decodes a certificate that is all of the @length bytes, at most
 * JPKI_CERTIFICATE_LENGTH_MAX. ANSWER_CERTIFICATE_UNREADABLE or -ENOMEM. *ret_x509 is the caller's.
 */
int openssl_read_x509(const uint8_t *der, size_t length, X509 **ret_x509);
