/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSL, as far as the client needs it: digests of files, certificates, and CMS (RFC 5652). */
#pragma once

#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* Identifier octets (X.690, 8.1.2) of types that are always constructed. */
enum {
	TAG_SEQUENCE = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED,
	TAG_SET = V_ASN1_SET | V_ASN1_CONSTRUCTED,
	TAG_EXPLICIT_0 = V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED,
};

#define DEFINE_CLEANUP(type, free_function)                                                        \
	static inline void free_function##p(type **object)                                         \
	{                                                                                          \
		free_function(*object);                                                            \
	}

static inline void x509_stack_free(STACK_OF(X509) *certificates)
{
	sk_X509_pop_free(certificates, X509_free);
}

DEFINE_CLEANUP(BIGNUM, BN_free)
DEFINE_CLEANUP(BIO, BIO_free_all)
DEFINE_CLEANUP(CMS_ContentInfo, CMS_ContentInfo_free)
DEFINE_CLEANUP(ESS_SIGNING_CERT, ESS_SIGNING_CERT_free)
DEFINE_CLEANUP(ESS_SIGNING_CERT_V2, ESS_SIGNING_CERT_V2_free)
DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_CLEANUP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(GENERAL_NAMES, GENERAL_NAMES_free)
DEFINE_CLEANUP(STACK_OF(X509), x509_stack_free)
DEFINE_CLEANUP(X509, X509_free)
DEFINE_CLEANUP(X509_STORE_CTX, X509_STORE_CTX_free)
