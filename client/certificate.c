/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/certificate.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "client/openssl.h"
#include "client/text.h"

#define FIELD(key, type, member) { key, type, offsetof(struct description, member) }

const struct field description_fields[] = {
	FIELD("subject", DBUS_TYPE_STRING, subject),
	FIELD("issuer", DBUS_TYPE_STRING, issuer),
	FIELD("serial", DBUS_TYPE_STRING, serial),
	FIELD("key", DBUS_TYPE_STRING, key),
	FIELD("not-before", DBUS_TYPE_UINT64, not_before),
	FIELD("not-after", DBUS_TYPE_UINT64, not_after),
	FIELD("renewable-from", DBUS_TYPE_UINT64, renewable_from),
	FIELD("state", DBUS_TYPE_STRING, state),
	FIELD("revocation", DBUS_TYPE_STRING, revocation),
	{ 0 },
};

const struct field description_holder_fields[] = {
	FIELD("name", DBUS_TYPE_STRING, name),
	FIELD("name-substituted", DBUS_TYPE_STRING, name_substituted),
	FIELD("gender", DBUS_TYPE_STRING, gender),
	FIELD("birth-date", DBUS_TYPE_STRING, birth_date),
	FIELD("address", DBUS_TYPE_STRING, address),
	FIELD("address-substituted", DBUS_TYPE_STRING, address_substituted),
	{ 0 },
};

int description_read(struct description *description, DBusMessage *reply)
{
	DBusMessageIter dictionary, holder;
	int r;

	dbus_message_iter_init(reply, &dictionary);
	r = dictionary_read(&dictionary, description_fields, false, description);
	if (r < 0 || !dictionary_find(&dictionary, "holder", &holder))
		return r;
	description->has_holder = true;
	return dictionary_read(&holder, description_holder_fields, false, description);
}

void description_clear(struct description *description)
{
	dictionary_clear(description_fields, description);
	dictionary_clear(description_holder_fields, description);
}

/* --- times ----------------------------------------------------------------------------------- */

/* The certificate's days are Japan's, wherever the user is. Japan has no summer time. */
static bool japan_time(uint64_t seconds, struct tm *ret_time)
{
	static const time_t east_of_utc = 9 * 60 * 60;
	static const uint64_t year_10000 = 253402300800;
	time_t local;

	if (seconds == 0 || seconds >= year_10000)
		return false;
	local = (time_t)seconds + east_of_utc;
	return gmtime_r(&local, ret_time);
}

const char *description_time(uint64_t seconds, bool is_iso_8601, char text[DESCRIPTION_TIME_SIZE])
{
	struct tm time;

	*text = '\0';
	if (japan_time(seconds, &time))
		strftime(text, DESCRIPTION_TIME_SIZE,
			 is_iso_8601 ? "%Y-%m-%dT%H:%M:%S+09:00" : "%Y-%m-%d %H:%M:%S (Japan time)",
			 &time);
	return text;
}

/* --- for a person ---------------------------------------------------------------------------- */

static void print_text(FILE *stream, const char *label, const char *value)
{
	if (value && *value)
		fprintf(stream, "%-16s%s\n", label, value);
}

static void print_time(FILE *stream, const char *label, uint64_t seconds)
{
	char text[DESCRIPTION_TIME_SIZE];

	print_text(stream, label, description_time(seconds, false, text));
}

static void print_word(FILE *stream, const char *label, const char *value, const struct word *words)
{
	print_text(stream, label, value ? text_word(words, value) : NULL);
}

/* @flags has a '1' for each character that stands in for one that JPKI cannot write. */
static void print_with_substitutes(FILE *stream, const char *label, const char *value,
				   const char *flags)
{
	const char *separator = "  [a substitute stands for character ";

	if (!value)
		return;
	fprintf(stream, "%-16s%s", label, value);
	for (size_t i = 0; flags && flags[i]; i++) {
		if (flags[i] != '1')
			continue;
		fprintf(stream, "%s%zu", separator, i + 1);
		separator = ", ";
	}
	fprintf(stream, "%s\n", flags && strchr(flags, '1') ? "]" : "");
}

void description_print(const struct description *description, FILE *stream)
{
	static const struct word states[] = {
		{ "renewable", "valid, and can be renewed now" },
		{ "expired", "expired; apply for a new one at the municipal window" },
		{ "not-yet-valid", "not valid yet" },
		{ 0 },
	};
	static const struct word revocations[] = {
		{ "unknown", "unknown (JPKI answers contracted verifiers only)" },
		{ 0 },
	};
	static const struct word genders[] = { { "1", "male" }, { "2", "female" }, { 0 } };

	print_text(stream, "Subject", description->subject);
	print_text(stream, "Issuer", description->issuer);
	print_text(stream, "Serial", description->serial);
	print_text(stream, "Key", description->key);
	print_time(stream, "Valid from", description->not_before);
	print_time(stream, "Valid until", description->not_after);
	print_time(stream, "Renewable from", description->renewable_from);
	print_word(stream, "State", description->state, states);
	print_word(stream, "Revocation", description->revocation, revocations);
	print_with_substitutes(stream, "Name", description->name, description->name_substituted);
	print_word(stream, "Gender", description->gender, genders);
	print_text(stream, "Birth date", description->birth_date);
	print_with_substitutes(stream, "Address", description->address,
			       description->address_substituted);
}

/* --- the certificate itself ------------------------------------------------------------------ */

static void bio_freep(BIO **bio)
{
	BIO_free_all(*bio);
}

static void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

int certificate_print_pem(const uint8_t *der, size_t length, FILE *stream)
{
	return length <= LONG_MAX && PEM_write(stream, PEM_STRING_X509, "", der, (long)length) ?
		       0 :
		       -ENOMEM;
}

int certificate_print_text(const uint8_t *der, size_t length, FILE *stream)
{
	CLEANUP(x509_freep) X509 *x509 = NULL;
	CLEANUP(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	if (length <= LONG_MAX)
		x509 = d2i_X509(NULL, &der, (long)length);
	if (!x509)
		return -EBADMSG;
	if (!bio || !X509_print_ex(bio, x509, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB, 0) ||
	    BIO_write(bio, "", 1) != 1)
		return -ENOMEM;
	BIO_get_mem_data(bio, &text);
	for (char *line = strsep(&text, "\n"); text; line = strsep(&text, "\n")) {
		text_clean(line);
		fprintf(stream, "%s\n", line);
	}
	return 0;
}
