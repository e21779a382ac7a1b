/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/explanation.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/calendar.h"
#include "client/jpkictl/birth.h"
#include "client/jpkictl/substitute.h"
#include "client/language.h"
#include "client/text.h"

/* --- lines ------ */

enum {
	LABEL_WIDTH = 20,
	FINGERPRINT_WIDTH = 32, /* digits of a line */
};

static void print_label(const char *label, FILE *stream)
{
	text_pad(stream, label, LABEL_WIDTH);
}

static void print_text(const char *label, const char *value, FILE *stream)
{
	if (!value || !*value)
		return;
	print_label(label, stream);
	fprintf(stream, "%s\n", value);
}

static void print_word(const char *label, const char *value, const struct word *words, FILE *stream)
{
	print_text(label, value ? text_word(words, value) : NULL, stream);
}

/* --- the holder ------ */

static void print_with_substitutes(const char *label, const char *value, const char *flags,
				   FILE *stream)
{
	struct substitutes found;

	if (!value)
		return;
	print_label(label, stream);
	found = substitutes_print(value, flags, stream);
	fputc('\n', stream);
	if (found.marked > 0) {
		print_label("", stream);
		fputs(_("[ ]: a substitute (代替文字) for a character that certificates cannot "
			"have\n"),
		      stream);
	}
	if (found.flagged > 0 && found.flags != found.characters) {
		print_label("", stream);
		fprintf(stream,
			_("which characters are substitutes (代替文字) is not certain: %zu marks "
			  "for %zu characters\n"),
			found.flags, found.characters);
	}
}

static int print_holder(const struct description *description, FILE *stream)
{
	static const struct word genders[] = {
		{ "1", N_("male") },
		{ "2", N_("female") },
		{ 0 },
	};
	CLEANUP(freep) char *birth = NULL;

	if (description->birth_date) {
		birth = birth_text(description->birth_date, description->birth_era);
		if (!birth)
			return -ENOMEM;
	}
	print_with_substitutes(_("Name"), description->name, description->name_substituted, stream);
	print_text(_("Birth date"), birth, stream);
	print_word(_("Gender"), description->gender, genders, stream);
	print_with_substitutes(_("Address"), description->address, description->address_substituted,
			       stream);
	return 0;
}

/* --- how long it is good for ------ */

static const struct word policies[] = {
	{ "1.2.392.200149.8.5.1.3.30", N_("auth certificates of the My Number Card") },
	{ "1.2.392.200149.8.5.1.1.20", N_("sign certificates of the My Number Card") },
	{ "1.2.392.200149.8.5.1.0.20", N_("certificates for tests") },
	{ 0 },
};

/* A phone's certificates have other policies; they are not renewed at the municipal window. */
static bool is_of_mynumber_card(const struct description *description)
{
	return description->policy && (strcmp(description->policy, policies[0].value) == 0 ||
				       strcmp(description->policy, policies[1].value) == 0);
}

static void print_time(const char *label, uint64_t seconds, FILE *stream)
{
	char day[CALENDAR_DAY_SIZE];
	struct tm time;

	if (!calendar_japan(seconds, &time))
		return;
	print_label(label, stream);
	/* TRANSLATORS: a date, and hours, minutes and seconds */
	fprintf(stream, _("%s %02d:%02d:%02d (Japan time)\n"), calendar_day(seconds, day),
		time.tm_hour, time.tm_min, time.tm_sec);
}

/* Only while it is valid. */
static void print_days_left(const struct description *description, time_t now, FILE *stream)
{
	int days;

	if (now < (time_t)description->not_before || now > (time_t)description->not_after ||
	    !calendar_days_until(description->not_after, now, &days))
		return;
	print_label("", stream);
	if (days == 0)
		fputs(_("this is its last day\n"), stream);
	else
		fprintf(stream, _("days left: %d\n"), days);
}

static void print_renewal(const struct description *description, time_t now, FILE *stream)
{
	char day[CALENDAR_DAY_SIZE];

	if (!*calendar_day(description->renewable_from, day) ||
	    now > (time_t)description->not_after)
		return;
	print_label(_("Renewal"), stream);
	if (now < (time_t)description->renewable_from)
		fprintf(stream, _("possible from %s at the municipal window, three months before "
				  "the end"),
			day);
	else
		fprintf(stream, _("possible since %s at the municipal window"), day);
	fputc('\n', stream);
}

static void print_validity(const struct description *description, time_t now, FILE *stream)
{
	static const struct word states[] = {
		{ "valid", N_("valid by its dates") },
		{ "renewable", N_("valid by its dates, and can be renewed now") },
		{ "expired", N_("expired; apply for a new one at the municipal window") },
		{ "not-yet-valid", N_("not valid yet (is this computer's date right?)") },
		{ 0 },
	};
	static const struct word other_states[] = {
		{ "valid", N_("valid by its dates") },
		{ "renewable", N_("valid by its dates") },
		{ "expired", N_("expired") },
		{ "not-yet-valid", N_("not valid yet (is this computer's date right?)") },
		{ 0 },
	};
	static const struct word revocations[] = {
		{ "unknown",
		  N_("unknown: JPKI tells that only to verifiers who have a contract with it") },
		{ 0 },
	};

	const bool of_card = is_of_mynumber_card(description);

	print_word(_("State"), description->state, of_card ? states : other_states, stream);
	print_time(_("Valid from"), description->not_before, stream);
	print_time(_("Valid until"), description->not_after, stream);
	print_days_left(description, now, stream);
	if (of_card)
		print_renewal(description, now, stream);
	print_word(_("Revocation"), description->revocation, revocations, stream);
}

/* --- what it is ------ */

static void print_purpose(const struct description *description, const struct label *label,
			  FILE *stream)
{
	const struct word purposes[] = {
		{ "user-authentication", label_find("auth")->purpose },
		{ "digital-signature", label_find("sign")->purpose },
		{ "certificate-authority",
		  strcmp(label->kind, "auth") == 0 ?
			  N_("authority (CA): to issue auth (利用者証明用) certificates") :
			  N_("authority (CA): to issue sign (署名用) certificates") },
		{ "unknown", N_("unknown: this is not marked as JPKI certificates are") },
		{ 0 },
	};

	print_word(_("Purpose"), description->purpose, purposes, stream);
}

static void print_policy(const struct description *description, FILE *stream)
{
	const char *policy = description->policy;

	if (policy) {
		const char *meaning = text_word(policies, policy);

		print_label(_("Policy"), stream);
		fputs(policy, stream);
		if (meaning != policy)
			fprintf(stream, " (%s)", meaning);
		fputc('\n', stream);
	}
	print_text(_("Rules (CPS)"), description->cps, stream);
}

/* As OpenSSL and certificate viewers show it, to be compared. */
static void print_fingerprint(const char *hexadecimal, FILE *stream)
{
	if (!hexadecimal || !*hexadecimal)
		return;
	print_text(_("Fingerprint"), "SHA-256", stream);
	for (size_t i = 0; hexadecimal[i]; i++) {
		if (i % FINGERPRINT_WIDTH == 0) {
			fputs(i > 0 ? "\n" : "", stream);
			print_label("", stream);
		} else if (i % 2 == 0) {
			fputc(':', stream);
		}
		fputc(toupper((unsigned char)hexadecimal[i]), stream);
	}
	fputc('\n', stream);
}

int explanation_print(const struct description *description, const struct label *label,
		      bool of_issuer, time_t now, FILE *stream)
{
	int r;

	print_purpose(description, label, stream);
	r = print_holder(description, stream);
	if (r < 0)
		return r;
	print_validity(description, now, stream);
	print_text(_("Serial number"), description->serial, stream);
	print_text(_("Subject"), description->subject, stream);
	print_text(_("  in Japanese"), description->subject_alternative, stream);
	print_text(_("Issuer"), description->issuer, stream);
	print_text(_("  in Japanese"), description->issuer_alternative, stream);
	print_policy(description, stream);
	print_text(_("Public key"), description->key, stream);
	print_fingerprint(description->fingerprint, stream);
	if (of_issuer)
		fputs(_("\nThis certificate comes from the card and proves nothing by itself. "
			"Before you trust it, compare its\nfingerprint with the one that J-LIS "
			"publishes at https://www.jpki.go.jp/\n"),
		      stream);
	return 0;
}
