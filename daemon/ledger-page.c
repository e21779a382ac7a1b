/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading takes what it can use and passes over the rest; a text is right if writing what was read
 * gives all of its bytes again, its first lines and its digest among them.
 */
#include "daemon/ledger-page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const secret_names[LEDGER_SECRET_COUNT] = {
	[LEDGER_AUTH_PIN] = "auth-pin",
	[LEDGER_SIGN_PIN] = "sign-pin",
	[LEDGER_RESET_CODE] = "reset-code",
};

struct ledger_entry *ledger_page_find(struct ledger_page *page, enum ledger_secret secret,
				      uid_t uid)
{
	for (size_t i = 0; i < page->count; i++)
		if (page->entries[i].secret == secret && page->entries[i].uid == uid)
			return &page->entries[i];
	return NULL;
}

static bool parse_secret(const char *word, enum ledger_secret *ret_secret)
{
	for (int i = 0; word && i < LEDGER_SECRET_COUNT; i++) {
		if (strcmp(word, secret_names[i]) != 0)
			continue;
		*ret_secret = (enum ledger_secret)i;
		return true;
	}
	return false;
}

static bool parse_number(const char *word, int base, uintmax_t max, uintmax_t *ret_number)
{
	char *end;

	if (!word)
		return false;
	*ret_number = strtoumax(word, &end, base);
	return end != word && *ret_number <= max;
}

static bool parse_uid(const char *word, uid_t *ret_uid)
{
	uintmax_t number;

	if (!parse_number(word, 10, LEDGER_ANYBODY - 1, &number))
		return false;
	*ret_uid = (uid_t)number;
	return true;
}

static bool parse_wrong(char *words, struct ledger_page *page)
{
	struct ledger_entry entry;
	uintmax_t wrong, last;
	const char *uid;

	if (!parse_secret(strsep(&words, " "), &entry.secret))
		return false;
	uid = strsep(&words, " ");
	if (uid && strcmp(uid, "*") == 0)
		entry.uid = LEDGER_ANYBODY;
	else if (!parse_uid(uid, &entry.uid))
		return false;
	if (!parse_number(strsep(&words, " "), 10, LEDGER_WRONG_MAX, &wrong) ||
	    !parse_number(words, 10, INTMAX_MAX, &last))
		return false;
	if (page->count == LEDGER_ENTRIES_MAX || ledger_page_find(page, entry.secret, entry.uid))
		return false;

	entry.wrong = (unsigned int)wrong;
	entry.last = (time_t)last;
	page->entries[page->count++] = entry;
	return true;
}

static bool parse_intent(char *words, struct ledger_page *page)
{
	struct ledger_intent *intent = &page->intent;
	uintmax_t number;

	if (!parse_secret(strsep(&words, " "), &intent->secret) ||
	    !parse_uid(strsep(&words, " "), &intent->uid) ||
	    !parse_number(words, 16, UINT64_MAX, &number))
		return false;
	intent->number = number;
	page->has_intent = true;
	return true;
}

static bool parse_line(char *line, struct ledger_page *page)
{
	const char *word = strsep(&line, " ");

	if (strcmp(word, "wrong") == 0)
		return parse_wrong(line, page);
	if (strcmp(word, "intent") == 0)
		return parse_intent(line, page);
	return true;
}

int ledger_page_parse(const char *text, size_t length, const uint8_t card[DIGEST_LENGTH],
		      struct ledger_page *ret_page)
{
	CLEANUP(freep) char *copy = strndup(text, length), *again = NULL;
	struct ledger_page page = { .count = 0 };
	char *line, *rest = copy;
	size_t again_length;
	int r;

	if (!copy)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n")))
		if (!parse_line(line, &page))
			return -EBADMSG;

	r = ledger_page_format(&page, card, &again, &again_length);
	if (r < 0)
		return r;
	if (again_length != length || memcmp(again, text, length) != 0)
		return -EBADMSG;
	*ret_page = page;
	return 0;
}

static void write_page(FILE *stream, const struct ledger_page *page, const char *card)
{
	const struct ledger_intent *intent = &page->intent;

	fprintf(stream, "jpkid-ledger 1\ncard %s\n", card);
	for (size_t i = 0; i < page->count; i++) {
		const struct ledger_entry *entry = &page->entries[i];

		fprintf(stream, "wrong %s ", secret_names[entry->secret]);
		if (entry->uid == LEDGER_ANYBODY)
			fprintf(stream, "*");
		else
			fprintf(stream, "%ju", (uintmax_t)entry->uid);
		fprintf(stream, " %u %jd\n", entry->wrong, (intmax_t)entry->last);
	}
	if (page->has_intent)
		fprintf(stream, "intent %s %ju %016" PRIx64 "\n", secret_names[intent->secret],
			(uintmax_t)intent->uid, intent->number);
}

int ledger_page_format(const struct ledger_page *page, const uint8_t card[DIGEST_LENGTH],
		       char **ret_text, size_t *ret_length)
{
	CLEANUP(freep) char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	uint8_t digest[DIGEST_LENGTH] = { 0 };
	char hex[DIGEST_HEX_SIZE];
	int r;

	if (!stream)
		return -ENOMEM;
	digest_to_hex(card, hex);
	write_page(stream, page, hex);
	r = fflush(stream) == 0 ? digest_sha256(text, length, digest) : -ENOMEM;
	digest_to_hex(digest, hex);
	fprintf(stream, "end %s\n", hex);
	if (ferror(stream) && r == 0)
		r = -ENOMEM;
	if (fclose(stream) != 0 && r == 0)
		r = -ENOMEM;
	if (r == 0) {
		*ret_text = TAKE(text);
		*ret_length = length;
	}
	return r;
}
