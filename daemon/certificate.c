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
#include "daemon/openssl.h"

enum {
	JAPAN_TIME = 9 * 60 * 60, /* seconds east of UTC, with no summer time */
	RENEWAL_MONTHS = 3,
};

/* RFC 4514 escapes and forms, but in the order of the certificate and with UTF-8 as it is. */
#define NAME_FORM                                                                                  \
	(ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN |           \
	 ASN1_STRFLGS_DUMP_DER | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN |                           \
	 XN_FLAG_DUMP_UNKNOWN_FIELDS)

#define REPLACEMENT_CHARACTER "\xEF\xBF\xBD"

/* Unicode's Cc: C0, DEL and C1. */
static bool character_is_control(unsigned long character)
{
	return character < 0x20 || (character >= 0x7F && character < 0xA0);
}

/* What is not UTF-8 (byte by byte) or a control character becomes a replacement character. */
static int text_read(const uint8_t *bytes, size_t length, char **ret_text)
{
	char *text, *end;
	size_t step;

	text = end = calloc(length + 1, strlen(REPLACEMENT_CHARACTER));
	if (!text)
		return -ENOMEM;

	for (size_t i = 0; i < length; i += step) {
		unsigned long character;
		const int used = UTF8_getc(bytes + i, (int)(length - i), &character);

		step = used > 0 ? (size_t)used : 1;
		if (used > 0 && !character_is_control(character))
			end = mempcpy(end, bytes + i, step);
		else
			end = stpcpy(end, REPLACEMENT_CHARACTER);
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

/*
 * EYYYYMMDD with E the era (0 unknown to 5 Reiwa); YYYY is Gregorian all the same. Leaves *ret_text
 * as it is where the bytes are not that.
 */
static int birth_date_read(const uint8_t *bytes, size_t length, char **ret_text)
{
	enum { ERA, YEAR, MONTH = 5, DAY = 7, END = 9 };
	const size_t size = sizeof("YYYY-MM-DD");
	char *date;

	if (length != END)
		return 0;
	for (size_t i = 0; i < END; i++)
		if (bytes[i] < '0' || bytes[i] > '9')
			return 0;
	if (bytes[ERA] > '5' || !digits_within(bytes + MONTH, "01", "12") ||
	    !digits_within(bytes + DAY, "01", "31"))
		return 0;

	date = malloc(size);
	if (!date)
		return -ENOMEM;
	snprintf(date, size, "%.4s-%.2s-%.2s", (const char *)bytes + YEAR,
		 (const char *)bytes + MONTH, (const char *)bytes + DAY);
	*ret_text = date;
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
	{ "1.2.392.200149.8.5.5.5", offsetof(struct description, address), text_read },
	{ "1.2.392.200149.8.5.5.6", offsetof(struct description, address_substituted), flags_read },
};

static const struct attribute *attribute_find(const ASN1_OBJECT *type)
{
	char oid[64]; /* a longer one is cut off, and is none of ours either way */

	if (OBJ_obj2txt(oid, sizeof(oid), type, true) <= 0)
		return NULL;
	for (size_t i = 0; i < LENGTH_OF(attributes); i++)
		if (strcmp(oid, attributes[i].oid) == 0)
			return &attributes[i];
	return NULL;
}

static int read_other_name(struct description *description, const GENERAL_NAME *name)
{
	const struct attribute *attribute;
	ASN1_OBJECT *type;
	ASN1_TYPE *value;
	char **field;

	if (!GENERAL_NAME_get0_otherName(name, &type, &value) ||
	    ASN1_TYPE_get(value) != V_ASN1_UTF8STRING)
		return 0;
	attribute = attribute_find(type);
	if (!attribute)
		return 0;
	field = (char **)(void *)((char *)description + attribute->field);
	if (*field)
		return 0;
	return attribute->read(ASN1_STRING_get0_data(value->value.utf8string),
			       (size_t)ASN1_STRING_length(value->value.utf8string), field);
}

static int read_holder(struct description *description, const X509 *x509)
{
	CLEANUP(GENERAL_NAMES_freep) GENERAL_NAMES *names = NULL;
	int critical, r = 0;

	names = X509_get_ext_d2i(x509, NID_subject_alt_name, &critical, NULL);
	if (!names && critical == -1) /* there is none */
		return 0;
	if (!names)
		return openssl_failure(ANSWER_CERTIFICATE_UNREADABLE);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && r == 0; i++)
		r = read_other_name(description, sk_GENERAL_NAME_value(names, i));
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
	if (asprintf(&description->key, "%s-%d", EVP_PKEY_get0_type_name(pkey),
		     EVP_PKEY_get_bits(pkey)) >= 0)
		return 0;
	description->key = NULL; /* asprintf leaves it undefined */
	return -ENOMEM;
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
	return now < description->renewable_from ? VALIDITY_VALID : VALIDITY_RENEWABLE;
}

static int read_validity(struct description *description, const X509 *x509, time_t now)
{
	description->not_before = time_read(X509_get0_notBefore(x509));
	description->not_after = time_read(X509_get0_notAfter(x509));
	description->renewable_from = certificate_renewable_from(description->not_after);
	if (description->not_before < 0 || description->renewable_from < 0)
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
	    (r = read_validity(&description, x509, now)) ||
	    (r = read_holder(&description, x509)))
		return r;

	*ret_description = description;
	description = DESCRIPTION_INIT;
	return 0;
}

void description_clear(struct description *description)
{
	char *const strings[] = {
		description->subject, description->issuer, description->serial, description->key,
		description->name, description->name_substituted, description->gender,
		description->birth_date, description->address, description->address_substituted,
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
