/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The certificates that were seen, and what has been told of each. */
#pragma once

#include <stddef.h>

#include "client/jpkid-agent/notice.h"

enum {
	NOTICE_ID_SIZE = 2 * 32 + 1, /* a SHA-256 in hexadecimal */
	NOTICE_ENTRIES_MAX = 32,
	NOTICE_TEXT_SIZE = 4096, /* of a whole book */
};

struct notice_entry {
	char id[NOTICE_ID_SIZE];
	struct notice_dates dates;
	enum notice_stage told;
	bool is_fresh; /* seen since something was told last; not written down */
};

struct notice_book {
	size_t count;
	struct notice_entry entries[NOTICE_ENTRIES_MAX];
};

/*
 * A certificate is seen. It takes the place of what it renews: one that ends on the same birthday
 * and not later; of one that has been renewed so itself nothing is noted. Where no room is left,
 * the one that ends first is forgotten.
 */
void notice_book_see(struct notice_book *book, const char *id, const struct notice_dates *dates,
		     uint64_t now);

/* NULL: it is not there. */
struct notice_entry *notice_book_find(struct notice_book *book, const char *id);

/* Forgets what ended years ago. */
void notice_book_tidy(struct notice_book *book, uint64_t now);

/* One of which a stage is due that has not been told; NULL: none. */
struct notice_entry *notice_book_due(struct notice_book *book, uint64_t now);

/* When the next stage of any begins; UINT64_MAX: never. */
uint64_t notice_book_next(const struct notice_book *book, uint64_t now);

/* A line for each; 0, or -EBADMSG for what is not such a text, and then *ret_book is as it was. */
void notice_book_format(const struct notice_book *book, char text[NOTICE_TEXT_SIZE]);
int notice_book_parse(const char *text, struct notice_book *ret_book);
