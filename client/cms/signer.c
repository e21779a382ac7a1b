/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/signer.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "client/calendar.h"
#include "client/failure.h"
#include "client/label.h"
#include "client/language.h"
#include "client/text.h"

/* In the order of the certificate, with UTF-8 as it is. */
#define NAME_FORM                                                                                  \
	(ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT |               \
	 ASN1_STRFLGS_DUMP_UNKNOWN | ASN1_STRFLGS_DUMP_DER | XN_FLAG_SEP_CPLUS_SPC |               \
	 XN_FLAG_FN_SN | XN_FLAG_DUMP_UNKNOWN_FIELDS)

/* The otherName of subjectAltName in which a JPKI sign certificate has its holder's name. */
#define HOLDER_NAME_OID "1.2.392.200149.8.5.5.1"

enum {
	OID_SIZE = 80,
};

/* What JPKI's certificates say that they are for: the beginnings of policies. */
static const struct word policies[] = {
	{ "1.2.392.200149.8.5.1.1.", "sign" },
	{ "1.2.392.200149.8.5.1.3.", "auth" },
	{ 0 },
};

static char *bio_text(BIO *bio)
{
	char *bytes, *text;
	const long length = BIO_get_mem_data(bio, &bytes);

	text = length >= 0 ? strndup(bytes, (size_t)length) : NULL;
	if (text)
		utf8_clean(text);
	return text;
}

static char *name_text(const X509_NAME *name)
{
	CLEANUP(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());

	if (bio && X509_NAME_print_ex(bio, name, 0, NAME_FORM) >= 0)
		return bio_text(bio);
	return strdup("?"); /* it is not in the characters that it says */
}

static char *serial_text(const ASN1_INTEGER *serial)
{
	CLEANUP(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());

	return bio && i2a_ASN1_INTEGER(bio, serial) > 0 ? bio_text(bio) : NULL;
}

/* *ret_name is NULL where there is none. False: no memory. */
static bool holder_name(X509 *certificate, char **ret_name)
{
	CLEANUP(GENERAL_NAMES_freep)
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	char oid[OID_SIZE];
	uint8_t *text;
	int length;

	*ret_name = NULL;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_TYPE *value = name->type == GEN_OTHERNAME ? name->d.otherName->value :
								       NULL;

		if (!value || value->type != V_ASN1_UTF8STRING)
			continue;
		OBJ_obj2txt(oid, sizeof(oid), name->d.otherName->type_id, 1);
		if (strcmp(oid, HOLDER_NAME_OID) != 0)
			continue;
		/* Which is no copy: it checks the characters. */
		length = ASN1_STRING_to_UTF8(&text, value->value.utf8string);
		if (length < 0)
			continue;
		*ret_name = strndup((const char *)text, (size_t)length);
		OPENSSL_free(text);
		if (*ret_name)
			utf8_clean(*ret_name);
		return *ret_name != NULL;
	}
	return true;
}

static const char *applet_of(X509 *certificate)
{
	CERTIFICATEPOLICIES *found = X509_get_ext_d2i(certificate, NID_certificate_policies, NULL,
						      NULL);
	const char *applet = NULL;
	char oid[OID_SIZE];

	for (int i = 0; i < sk_POLICYINFO_num(found); i++) {
		OBJ_obj2txt(oid, sizeof(oid), sk_POLICYINFO_value(found, i)->policyid, 1);
		for (const struct word *policy = policies; policy->value; policy++)
			if (strncmp(oid, policy->value, strlen(policy->value)) == 0)
				applet = policy->word;
	}
	CERTIFICATEPOLICIES_free(found);
	return applet;
}

uint64_t signer_time(const ASN1_TIME *time)
{
	struct tm tm;
	time_t seconds;

	if (!time || !ASN1_TIME_to_tm(time, &tm))
		return 0;
	seconds = timegm(&tm);
	return seconds > 0 ? (uint64_t)seconds : 0;
}

int signer_describe(struct signer *signer, X509 *certificate)
{
	signer->subject = name_text(X509_get_subject_name(certificate));
	signer->issuer = name_text(X509_get_issuer_name(certificate));
	signer->serial = serial_text(X509_get0_serialNumber(certificate));
	signer->applet = applet_of(certificate);
	signer->not_before = signer_time(X509_get0_notBefore(certificate));
	signer->not_after = signer_time(X509_get0_notAfter(certificate));
	if (!holder_name(certificate, &signer->name) || !signer->subject || !signer->issuer ||
	    !signer->serial)
		return failure_no_memory();
	return 0;
}

void signer_clear(struct signer *signer)
{
	free(signer->subject);
	free(signer->issuer);
	free(signer->serial);
	free(signer->name);
	*signer = SIGNER_INIT;
}

static void print_claim(const struct signer *signer, FILE *stream)
{
	char day[CALENDAR_DAY_SIZE];
	struct tm time;

	if (!calendar_japan(signer->claimed_time, &time))
		return;
	fprintf(stream,
		_("Claimed time: %s %02d:%02d:%02d (Japan time), by the signer's own clock; "
		  "nothing proves it\n"),
		calendar_day(signer->claimed_time, day), time.tm_hour, time.tm_min, time.tm_sec);
}

static const char *purpose(const struct signer *signer)
{
	const struct label *label = signer->applet ? label_find(signer->applet) : NULL;

	return label ? _(label->purpose) : _("unknown: this is not a JPKI certificate");
}

static void print_line(const char *label, const char *value, FILE *stream)
{
	if (value)
		fprintf(stream, "%s: %s\n", label, value);
}

void signer_print(const struct signer *signer, FILE *stream)
{
	char begin[CALENDAR_DAY_SIZE], end[CALENDAR_DAY_SIZE];

	print_line(_("Signed by"), signer->subject, stream);
	print_line(_("Name"), signer->name, stream);
	print_line(_("Purpose"), purpose(signer), stream);
	print_line(_("Serial number"), signer->serial, stream);
	print_line(_("Issuer"), signer->issuer, stream);
	fprintf(stream, _("Certificate valid: %s to %s\n"),
		calendar_day(signer->not_before, begin),
		calendar_day(signer->not_after, end));
	print_claim(signer, stream);
}
