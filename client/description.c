/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/description.h"

#include <string.h>
#include <time.h>

#include "client/dictionary.h"

#define TEXT_FIELD(key, member)                                                                    \
	{                                                                                          \
		key, DBUS_TYPE_STRING, offsetof(struct description, member)                        \
	}
#define TIME_FIELD(key, member)                                                                    \
	{                                                                                          \
		key, DBUS_TYPE_UINT64, offsetof(struct description, member)                        \
	}

static const struct field fields[] = {
	TEXT_FIELD("subject", subject),
	TEXT_FIELD("issuer", issuer),
	TEXT_FIELD("serial", serial),
	TEXT_FIELD("key", key),
	TEXT_FIELD("state", state),
	TEXT_FIELD("revocation", revocation),
	TIME_FIELD("not-before", not_before),
	TIME_FIELD("not-after", not_after),
	TIME_FIELD("renewable-from", renewable_from),
	{ 0 },
};

static const struct field holder_fields[] = {
	TEXT_FIELD("name", name),
	TEXT_FIELD("name-substituted", name_substituted),
	TEXT_FIELD("gender", gender),
	TEXT_FIELD("birth-date", birth_date),
	TEXT_FIELD("address", address),
	TEXT_FIELD("address-substituted", address_substituted),
	{ 0 },
};

int description_read(struct description *description, DBusMessage *reply)
{
	DBusMessageIter dictionary, holder;
	int r;

	dbus_message_iter_init(reply, &dictionary);
	r = dictionary_read(&dictionary, fields, description);
	if (r == 0 && dictionary_find(&dictionary, "holder", &holder))
		r = dictionary_read(&holder, holder_fields, description);
	return r;
}

void description_clear(struct description *description)
{
	dictionary_clear(fields, description);
	dictionary_clear(holder_fields, description);
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

const char *description_time(uint64_t seconds, char text[DESCRIPTION_TIME_SIZE])
{
	struct tm time;

	*text = '\0';
	if (japan_time(seconds, &time))
		strftime(text, DESCRIPTION_TIME_SIZE, "%Y-%m-%dT%H:%M:%S+09:00", &time);
	return text;
}

/* --- for a person ---------------------------------------------------------------------------- */

static void print_label(FILE *stream, const char *label)
{
	fprintf(stream, "%-16s", label);
}

static void print_text(FILE *stream, const char *label, const char *value)
{
	if (!value)
		return;
	print_label(stream, label);
	fprintf(stream, "%s\n", value);
}

static void print_time(FILE *stream, const char *label, uint64_t seconds)
{
	char text[DESCRIPTION_TIME_SIZE];
	struct tm time;

	if (!japan_time(seconds, &time))
		return;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &time);
	print_label(stream, label);
	fprintf(stream, "%s (Japan time)\n", text);
}

/* The word for a value of a short list; one that is not on it is shown as it is. */
struct word {
	const char *value, *word;
};

static void print_word(FILE *stream, const char *label, const char *value, const struct word *words)
{
	for (; value && words->value; words++)
		if (strcmp(words->value, value) == 0)
			value = words->word;
	print_text(stream, label, value);
}

/* @flags has a '1' for each character that stands in for one that JPKI cannot write. */
static void print_with_substitutes(FILE *stream, const char *label, const char *value,
				   const char *flags)
{
	const char *separator = "  [substitute characters: ";

	if (!value)
		return;
	print_label(stream, label);
	fprintf(stream, "%s", value);
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
		{ "valid", "valid" },
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
