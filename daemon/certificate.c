/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A certificate comes from a card and is hostile until shown otherwise: its length is bounded, and
 * what it says reaches nobody but as clean UTF-8.
 */
#include "daemon/certificate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "daemon/digest.h"
#include "daemon/openssl.h"

enum {
	JAPAN_TIME = 9 * 60 * 60, /* seconds east of UTC, with no summer time */
	RENEWAL_MONTHS = 3,
	OID_SIZE = 64,
};

/* RFC 4514 escapes and forms, but in the order of the certificate and with UTF-8 as it is. */
#define NAME_FORM                                                                                  \
	(ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN |           \
	 ASN1_STRFLGS_DUMP_DER | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN |                           \
	 XN_FLAG_DUMP_UNKNOWN_FIELDS)

#define REPLACEMENT_CHARACTER "\xEF\xBF\xBD"

/*
 * Controls, and what is not UTF-8 (byte by byte), become a replacement character. Not utf8_clean():
 * programs want names as they are written, and the flags of substitutes count their characters.
 */
static int text_read(const uint8_t *bytes, size_t length, char **ret_text)
{
	char *text, *end;
	size_t step;

	text = end = calloc(length + 1, strlen(REPLACEMENT_CHARACTER));
	if (!text)
		return -ENOMEM;

	for (size_t i = 0; i < length; i += step) {
		uint32_t character;

		step = utf8_read(bytes + i, length - i, &character);
		if (utf8_is_control(character))
			end = stpcpy(end, REPLACEMENT_CHARACTER);
		else
			end = mempcpy(end, bytes + i, step);
	}
	*ret_text = text;
	return 0;
}

/* Leaves *ret_text as it is where the flags are not only 0 and 1. */
static int flags_read(const uint8_t *bytes, size_t length, char **ret_text)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != '0' && bytes[i] != '1')
			return 0;
	return text_read(bytes, length, ret_text);
}

/* Two decimal digits, compared as text. */
static bool digits_within(const uint8_t *digits, const char *first, const char *last)
{
	return memcmp(digits, first, 2) >= 0 && memcmp(digits, last, 2) <= 0;
}

/* EYYYYMMDD with E the era (0 unknown to 5 Reiwa); YYYY is Gregorian all the same. */
enum birth { ERA, YEAR, MONTH = 5, DAY = 7, BIRTH_LENGTH = 9 };

static bool is_birth(const uint8_t *bytes, size_t length)
{
	if (length != BIRTH_LENGTH)
		return false;
	for (size_t i = 0; i < length; i++)
		if (bytes[i] < '0' || bytes[i] > '9')
			return false;
	return bytes[ERA] <= '5' && digits_within(bytes + MONTH, "01", "12") &&
	       digits_within(bytes + DAY, "01", "31");
}

/* Both leave *ret_text as it is where the bytes are not that. */
static int birth_date_read(const uint8_t *bytes, size_t length, char **ret_text)
{
	const size_t size = sizeof("YYYY-MM-DD");
	char *date;

	if (!is_birth(bytes, length))
		return 0;
	date = malloc(size);
	if (!date)
		return -ENOMEM;
	snprintf(date, size, "%.4s-%.2s-%.2s", (const char *)bytes + YEAR,
		 (const char *)bytes + MONTH, (const char *)bytes + DAY);
	*ret_text = date;
	return 0;
}

static int birth_era_read(const uint8_t *bytes, size_t length, char **ret_text)
{
	static const char *const eras[] = { "unknown", "meiji", "taisho",
					    "showa",   "heisei", "reiwa" };
	char *era;

	if (!is_birth(bytes, length))
		return 0;
	era = strdup(eras[bytes[ERA] - '0']);
	if (!era)
		return -ENOMEM;
	*ret_text = era;
	return 0;
}

static const struct attribute {
	const char *oid;
	size_t field;
	int (*read)(const uint8_t *bytes, size_t length, char **ret_text);
} attributes[] = {
	{ "1.2.392.200149.8.5.5.1", offsetof(struct description, name), text_read },
	{ "1.2.392.200149.8.5.5.2", offsetof(struct description, name_substituted), flags_read },
	{ "1.2.392.200149.8.5.5.3", offsetof(struct description, gender), text_read },
	{ "1.2.392.200149.8.5.5.4", offsetof(struct description, birth_date), birth_date_read },
	{ "1.2.392.200149.8.5.5.4", offsetof(struct description, birth_era), birth_era_read },
	{ "1.2.392.200149.8.5.5.5", offsetof(struct description, address), text_read },
	{ "1.2.392.200149.8.5.5.6", offsetof(struct description, address_substituted), flags_read },
};

/* False: it is longer than any that has a meaning here. */
static bool oid_read(const ASN1_OBJECT *object, char oid[OID_SIZE])
{
	const int length = OBJ_obj2txt(oid, OID_SIZE, object, true);

	return length > 0 && length < OID_SIZE;
}

static int read_other_name(struct description *description, const GENERAL_NAME *name)
{
	char oid[OID_SIZE];
	ASN1_OBJECT *type;
	ASN1_TYPE *value;
	int r = 0;

	if (!GENERAL_NAME_get0_otherName(name, &type, &value) ||
	    ASN1_TYPE_get(value) != V_ASN1_UTF8STRING || !oid_read(type, oid))
		return 0;
	for (size_t i = 0; i < LENGTH_OF(attributes) && r == 0; i++) {
		char **field = (char **)(void *)((char *)description + attributes[i].field);

		if (!*field && strcmp(oid, attributes[i].oid) == 0)
			r = attributes[i].read(ASN1_STRING_get0_data(value->value.utf8string),
					       (size_t)ASN1_STRING_length(value->value.utf8string),
					       field);
	}
	return r;
}

static int read_name(const X509_NAME *name, char **ret_text)
{
	CLEANUP(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	const uint8_t *bytes;
	long length;

	if (!bio || X509_NAME_print_ex(bio, name, 0, NAME_FORM) < 0)
		return openssl_failure(ANSWER_CERTIFICATE_UNREADABLE);
	length = BIO_get_mem_data(bio, &bytes);
	return text_read(bytes, (size_t)length, ret_text);
}

/* *ret_extension, which the type of @nid has, is NULL where there is none. */
static int read_extension(const X509 *x509, int nid, void *ret_extension)
{
	void **extension = ret_extension;
	int critical;

	*extension = X509_get_ext_d2i(x509, nid, &critical, NULL);
	return *extension || critical == -1 ? 0 : openssl_failure(ANSWER_CERTIFICATE_UNREADABLE);
}

static int read_alternative_name(const GENERAL_NAME *name, char **ret_text)
{
	int type;
	const X509_NAME *directory_name = GENERAL_NAME_get0_value(name, &type);

	return type == GEN_DIRNAME && !*ret_text ? read_name(directory_name, ret_text) : 0;
}

static int read_alternative_names(struct description *description, const X509 *x509)
{
	CLEANUP(GENERAL_NAMES_freep) GENERAL_NAMES *subject = NULL, *issuer = NULL;
	int r;

	if ((r = read_extension(x509, NID_subject_alt_name, &subject)) ||
	    (r = read_extension(x509, NID_issuer_alt_name, &issuer)))
		return r;
	for (int i = 0; i < sk_GENERAL_NAME_num(subject) && r == 0; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(subject, i);

		r = read_other_name(description, name);
		if (r == 0)
			r = read_alternative_name(name, &description->subject_alternative);
	}
	for (int i = 0; i < sk_GENERAL_NAME_num(issuer) && r == 0; i++)
		r = read_alternative_name(sk_GENERAL_NAME_value(issuer, i),
					  &description->issuer_alternative);
	return r;
}

static int read_cps(struct description *description, const POLICYINFO *policy)
{
	for (int i = 0; i < sk_POLICYQUALINFO_num(policy->qualifiers); i++) {
		const POLICYQUALINFO *qualifier = sk_POLICYQUALINFO_value(policy->qualifiers, i);

		if (OBJ_obj2nid(qualifier->pqualid) == NID_id_qt_cps)
			return text_read(ASN1_STRING_get0_data(qualifier->d.cpsuri),
					 (size_t)ASN1_STRING_length(qualifier->d.cpsuri),
					 &description->cps);
	}
	return 0;
}

static int read_policy(struct description *description, const X509 *x509)
{
	CLEANUP(CERTIFICATEPOLICIES_freep) CERTIFICATEPOLICIES *policies = NULL;
	const POLICYINFO *policy;
	char oid[OID_SIZE];
	int r = read_extension(x509, NID_certificate_policies, &policies);

	policy = sk_POLICYINFO_value(policies, 0); /* NULL where there is none */
	if (r != 0 || !policy || !oid_read(policy->policyid, oid))
		return r;
	description->policy = strdup(oid);
	return description->policy ? read_cps(description, policy) : -ENOMEM;
}

static int read_purpose(struct description *description, X509 *x509)
{
	uint32_t usage;

	/* Extensions that contradict one another give it no purpose. */
	if (X509_check_purpose(x509, -1, false) != 1)
		return openssl_failure(0);
	if (!(X509_get_extension_flags(x509) & EXFLAG_KUSAGE))
		return 0;
	usage = X509_get_key_usage(x509);
	if (usage & KU_KEY_CERT_SIGN)
		description->purpose = PURPOSE_CERTIFICATE_AUTHORITY;
	else if (usage & KU_NON_REPUDIATION)
		description->purpose = PURPOSE_DIGITAL_SIGNATURE;
	else if (usage & KU_DIGITAL_SIGNATURE)
		description->purpose = PURPOSE_USER_AUTHENTICATION;
	return 0;
}

static int read_fingerprint(struct description *description, const uint8_t *der, size_t length)
{
	uint8_t digest[DIGEST_LENGTH];
	int r = digest_sha256(der, length, digest);

	if (r < 0)
		return r;
	description->fingerprint = malloc(DIGEST_HEX_SIZE);
	if (!description->fingerprint)
		return -ENOMEM;
	digest_to_hex(digest, description->fingerprint);
	return 0;
}

static int read_serial(struct description *description, const X509 *x509)
{
	CLEANUP(BN_freep) BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
	char *hexadecimal = number ? BN_bn2hex(number) : NULL;

	if (!hexadecimal)
		return openssl_failure(ANSWER_CERTIFICATE_UNREADABLE);
	description->serial = strdup(hexadecimal);
	OPENSSL_free(hexadecimal);
	return description->serial ? 0 : -ENOMEM;
}

static int read_key(struct description *description, const X509 *x509)
{
	const EVP_PKEY *pkey = X509_get0_pubkey(x509);

	if (!pkey)
		return openssl_failure(ANSWER_CERTIFICATE_UNREADABLE);
	description->key =
		format("%s-%d", EVP_PKEY_get0_type_name(pkey), EVP_PKEY_get_bits(pkey));
	return description->key ? 0 : -ENOMEM;
}

/* Negative for what is no time, as for one before 1970: no certificate of JPKI is that old. */
static time_t time_read(const ASN1_TIME *time)
{
	struct tm parts;

	return ASN1_TIME_to_tm(time, &parts) ? timegm(&parts) : -1;
}

static time_t midnight_in_japan(int year, int month, int day)
{
	struct tm parts = { .tm_year = year, .tm_mon = month, .tm_mday = day };

	return timegm(&parts) - JAPAN_TIME;
}

time_t certificate_renewable_from(time_t not_after)
{
	const time_t local = not_after + JAPAN_TIME;
	struct tm last;
	time_t day_after, next_month;

	gmtime_r(&local, &last); /* cannot fail: the times of X.509 end with the year 9999 */
	day_after = midnight_in_japan(last.tm_year, last.tm_mon - RENEWAL_MONTHS, last.tm_mday + 1);
	next_month = midnight_in_japan(last.tm_year, last.tm_mon - RENEWAL_MONTHS + 1, 1);
	return day_after < next_month ? day_after : next_month;
}

static enum validity validity_at(const struct description *description, time_t now)
{
	if (now < description->not_before)
		return VALIDITY_NOT_YET_VALID;
	if (now > description->not_after)
		return VALIDITY_EXPIRED;
	if (description->renewable_from == 0 || now < description->renewable_from)
		return VALIDITY_VALID;
	return VALIDITY_RENEWABLE;
}

/* After read_purpose(). */
static int read_validity(struct description *description, const X509 *x509, time_t now)
{
	description->not_before = time_read(X509_get0_notBefore(x509));
	description->not_after = time_read(X509_get0_notAfter(x509));
	if (description->purpose != PURPOSE_CERTIFICATE_AUTHORITY)
		description->renewable_from = certificate_renewable_from(description->not_after);
	if (description->not_before < 0 || description->not_after < 0 ||
	    description->renewable_from < 0)
		return ANSWER_CERTIFICATE_UNREADABLE;
	description->validity = validity_at(description, now);
	return 0;
}

int certificate_check(const uint8_t *der, size_t length)
{
	CLEANUP(X509_freep) X509 *x509 = NULL;

	return openssl_read_x509(der, length, &x509);
}

int certificate_describe(const uint8_t *der, size_t length, time_t now,
			 struct description *ret_description)
{
	CLEANUP(description_clear) struct description description = DESCRIPTION_INIT;
	CLEANUP(X509_freep) X509 *x509 = NULL;
	int r;

	if ((r = openssl_read_x509(der, length, &x509)) ||
	    (r = read_name(X509_get_subject_name(x509), &description.subject)) ||
	    (r = read_name(X509_get_issuer_name(x509), &description.issuer)) ||
	    (r = read_serial(&description, x509)) ||
	    (r = read_key(&description, x509)) ||
	    (r = read_fingerprint(&description, der, length)) ||
	    (r = read_purpose(&description, x509)) ||
	    (r = read_policy(&description, x509)) ||
	    (r = read_validity(&description, x509, now)) ||
	    (r = read_alternative_names(&description, x509)))
		return r;

	*ret_description = description;
	description = DESCRIPTION_INIT;
	return 0;
}

void description_clear(struct description *description)
{
	char *const strings[] = {
		description->subject, description->subject_alternative,
		description->issuer, description->issuer_alternative,
		description->serial, description->key, description->fingerprint,
		description->policy, description->cps,
		description->name, description->name_substituted, description->gender,
		description->birth_date, description->birth_era,
		description->address, description->address_substituted,
	};

	for (size_t i = 0; i < LENGTH_OF(strings); i++) {
		if (strings[i])
			explicit_bzero(strings[i], strlen(strings[i]));
		free(strings[i]);
	}
	*description = DESCRIPTION_INIT;
}

const char *validity_name(enum validity validity)
{
	static const char *const names[] = {
		[VALIDITY_VALID] = "valid",
		[VALIDITY_RENEWABLE] = "renewable",
		[VALIDITY_EXPIRED] = "expired",
		[VALIDITY_NOT_YET_VALID] = "not-yet-valid",
	};

	return names[validity];
}

const char *purpose_name(enum purpose purpose)
{
	static const char *const names[] = {
		[PURPOSE_UNKNOWN] = "unknown",
		[PURPOSE_USER_AUTHENTICATION] = "user-authentication",
		[PURPOSE_DIGITAL_SIGNATURE] = "digital-signature",
		[PURPOSE_CERTIFICATE_AUTHORITY] = "certificate-authority",
	};

	return names[purpose];
}
