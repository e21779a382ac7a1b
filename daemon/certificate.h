/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the X.509 certificates of JPKI say of themselves and of their holder. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "daemon/public-key.h"

enum validity {
	VALIDITY_VALID,
	VALIDITY_RENEWABLE,
	VALIDITY_EXPIRED,
	VALIDITY_NOT_YET_VALID,
};

/* What the key is for, as the certificate says it (RFC 5280, 4.2.1.3). */
enum purpose {
	PURPOSE_UNKNOWN, /* it says nothing, or nothing of JPKI's, or contradicts itself */
	PURPOSE_USER_AUTHENTICATION,
	PURPOSE_DIGITAL_SIGNATURE,
	PURPOSE_CERTIFICATE_AUTHORITY,
};

/*
 * What a person wants to know of a certificate. All strings are owned by the struct and are valid
 * UTF-8 without control characters: U+FFFD stands in their place.
 */
struct description {
	char *subject; /* RFC 4514 style, UTF-8, most general part first as "C=JP, CN=…" */
	char *issuer;
	/* Their first directoryName of subjectAltName and issuerAltName, or NULL. */
	char *subject_alternative, *issuer_alternative;
	char *serial;      /* hexadecimal, upper case */
	char *key;         /* "RSA-2048" */
	char *fingerprint; /* SHA-256 of all bytes, hexadecimal, lower case */
	/* The first policy's OID and the URI of its practice statement (CPS), or NULL. */
	char *policy, *cps;
	enum purpose purpose;
	time_t not_before;
	time_t not_after;
	time_t renewable_from; /* 0: it is a CA's, which nobody renews */
	enum validity validity; /* at the time given */
	/*
	 * The holder's attributes (otherName list of the subjectAltName, by OID, the first that can
	 * be read); NULL where there is none.
	 */
	char *name;
	char *name_substituted; /* one 0 or 1 a character of the name; 1: a substitute character */
	char *gender;           /* as on the card: "1" male, "2" female, other codes as they are */
	char *birth_date;       /* YYYY-MM-DD */
	char *birth_era;        /* "meiji", "taisho", "showa", "heisei", "reiwa", "unknown" */
	char *address;
	char *address_substituted;
};
#define DESCRIPTION_INIT ((struct description){ 0 })

/* Are these bytes one certificate? 0, ANSWER_CERTIFICATE_UNREADABLE, or a negative errno. */
int certificate_check(const uint8_t *der, size_t length);

/*
 * ANSWER_CERTIFICATE_UNREADABLE or a negative errno; freed with description_clear(), which wipes
 * the strings. The key may be of any type. Called from any thread.
 */
int certificate_describe(const uint8_t *der, size_t length, time_t now,
			 struct description *ret_description);
void description_clear(struct description *description);

/* "valid", "renewable", "expired", "not-yet-valid" */
const char *validity_name(enum validity validity);

/* "unknown", "user-authentication", "digital-signature", "certificate-authority" */
const char *purpose_name(enum purpose purpose);

/*
 * When renewal opens: midnight in Japan of the day after the day three months before the last day
 * of validity (which is the day of @not_after in Japan). Where that month has no such day, its last
 * day counts: 05-31 gives 03-01.
 */
time_t certificate_renewable_from(time_t not_after);
