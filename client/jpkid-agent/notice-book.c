/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/notice-book.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum {
	LINE_MAX_SIZE = NOTICE_ID_SIZE + sizeof(" 253402300799 253402300799 renewable\n"),
};
_Static_assert(NOTICE_ENTRIES_MAX * LINE_MAX_SIZE < NOTICE_TEXT_SIZE, "a full book fits");

/* A card's certificates are valid for five years, and so it is of no use to anybody then. */
static const uint64_t years_kept = UINT64_C(5) * 365 * 24 * 60 * 60;

static const char *const words[NOTICE_STAGE_COUNT] = {
	[NOTICE_NONE] = "none",	  [NOTICE_RENEWABLE] = "renewable", [NOTICE_MONTH] = "month",
	[NOTICE_WEEK] = "week",	  [NOTICE_DAY] = "day",		    [NOTICE_EXPIRED] = "expired",
};

/* --- entries ------ */

struct notice_entry *notice_book_find(struct notice_book *book, const char *id)
{
	for (size_t i = 0; i < book->count; i++)
		if (strcmp(book->entries[i].id, id) == 0)
			return &book->entries[i];
	return NULL;
}

/* What the same person had or has instead. */
static struct notice_entry *find_birthday(struct notice_book *book,
					  const struct notice_dates *dates)
{
	for (size_t i = 0; i < book->count; i++)
		if (notice_is_same_birthday(&book->entries[i].dates, dates))
			return &book->entries[i];
	return NULL;
}

static struct notice_entry *find_first_to_end(struct notice_book *book)
{
	struct notice_entry *first = &book->entries[0];

	for (size_t i = 1; i < book->count; i++)
		if (book->entries[i].dates.not_after < first->dates.not_after)
			first = &book->entries[i];
	return first;
}

static bool is_long_ago(const struct notice_dates *dates, uint64_t now)
{
	return now > dates->not_after && now - dates->not_after > years_kept;
}

static struct notice_entry *place_for_new(struct notice_book *book)
{
	return book->count < NOTICE_ENTRIES_MAX ? &book->entries[book->count++] :
						  find_first_to_end(book);
}

void notice_book_see(struct notice_book *book, const char *id, const struct notice_dates *dates,
		     uint64_t now)
{
	struct notice_entry *entry = notice_book_find(book, id);
	enum notice_stage told = entry ? entry->told : NOTICE_NONE;

	if (!entry && !is_long_ago(dates, now)) {
		entry = find_birthday(book, dates);
		if (entry && entry->dates.not_after > dates->not_after)
			return;
		if (entry && entry->dates.not_after == dates->not_after)
			told = entry->told;
		if (!entry)
			entry = place_for_new(book);
	}
	if (!entry)
		return;
	*entry = (struct notice_entry){ .dates = *dates, .told = told, .is_fresh = true };
	snprintf(entry->id, sizeof(entry->id), "%s", id);
}

void notice_book_tidy(struct notice_book *book, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < book->count; i++)
		if (!is_long_ago(&book->entries[i].dates, now))
			book->entries[kept++] = book->entries[i];
	book->count = kept;
}

struct notice_entry *notice_book_due(struct notice_book *book, uint64_t now)
{
	for (size_t i = 0; i < book->count; i++)
		if (notice_stage_at(&book->entries[i].dates, now) > book->entries[i].told)
			return &book->entries[i];
	return NULL;
}

uint64_t notice_book_next(const struct notice_book *book, uint64_t now)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < book->count; i++) {
		const uint64_t next = notice_next(&book->entries[i].dates, now);

		if (next < first)
			first = next;
	}
	return first;
}

/* --- text ------ */

void notice_book_format(const struct notice_book *book, char text[NOTICE_TEXT_SIZE])
{
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < book->count; i++) {
		const struct notice_entry *entry = &book->entries[i];

		length += (size_t)snprintf(text + length, NOTICE_TEXT_SIZE - length,
					   "%s %" PRIu64 " %" PRIu64 " %s\n", entry->id,
					   entry->dates.not_after, entry->dates.renewable_from,
					   words[entry->told]);
	}
}

static bool entry_parse(const char *line, size_t length, struct notice_entry *entry)
{
	char word[sizeof("renewable")];
	int end = -1;

	*entry = (struct notice_entry){ .told = NOTICE_NONE };
	if (sscanf(line, "%64[0-9a-f] %12" SCNu64 " %12" SCNu64 " %9[a-z]%n", entry->id,
		   &entry->dates.not_after, &entry->dates.renewable_from, word, &end) != 4 ||
	    (size_t)end != length || strlen(entry->id) != NOTICE_ID_SIZE - 1 ||
	    !notice_dates_are_sane(&entry->dates))
		return false;
	for (; entry->told < NOTICE_STAGE_COUNT; entry->told++)
		if (strcmp(word, words[entry->told]) == 0)
			return true;
	return false;
}

int notice_book_parse(const char *text, struct notice_book *ret_book)
{
	struct notice_book book = { 0 };
	const char *end;

	for (; *text; text = end + 1) {
		end = strchr(text, '\n');
		if (!end || book.count == NOTICE_ENTRIES_MAX ||
		    !entry_parse(text, (size_t)(end - text), &book.entries[book.count++]))
			return -EBADMSG;
	}
	*ret_book = book;
	return 0;
}
