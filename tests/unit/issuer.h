/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Issues certificates in the shape of J-LIS's profile, or in any other that a test orders. Aborts
 * on failure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

/* One attribute of a name, or one otherName. */
struct text {
	const char *type; /* short name or dotted OID */
	int encoding;     /* V_ASN1_…; the bytes are taken as they are */
	const char *bytes;
	size_t length;
};
#define TEXT(type_, encoding_, literal)                                                            \
	{                                                                                          \
		.type = (type_), .encoding = (encoding_), .bytes = (literal),                      \
		.length = sizeof(literal) - 1,                                                     \
	}
#define UTF8(type_, literal) TEXT(type_, V_ASN1_UTF8STRING, literal)
#define HOLDER(number, literal) UTF8("1.2.392.200149.8.5.5." #number, literal)

/* The lists end with a text that has no type. */
struct order {
	const struct text *subject;
	const struct text *issuer;
	const struct text *holder; /* NULL: no subjectAltName but @subject_alternative */
	const struct text *subject_alternative, *issuer_alternative; /* NULL: no such directoryName */
	const char *key_usage; /* as x509v3_config(5) has them; NULL: no such extension */
	const char *policy;    /* an OID; NULL: no such extension */
	const char *cps;       /* the URI of the policy's practice statement */
	const char *serial;        /* hexadecimal */
	const char *not_before;    /* YYYYMMDDhhmmssZ */
	const char *not_after;
	EVP_PKEY *key;
};

extern const struct order order_auth;
extern const struct order order_sign;

struct der {
	size_t length;
	uint8_t bytes[16384];
};
void issue(const struct order *order, struct der *ret_der);

/* Puts @new where @old is, which the bytes hold and is as long. The signature no longer holds. */
void der_replace(struct der *der, const char *old, const char *new);

/* Keys made once for each size; they live as long as the program. */
EVP_PKEY *rsa_key(unsigned int bits);

/* A public key with a modulus of so many bits; nobody has the private one. */
EVP_PKEY *rsa_public_key(unsigned int bits);
