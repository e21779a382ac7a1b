/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the ledger knows of one card, and its only spelling:
 *
 *     jpkid-ledger 1
 *     card CARD                       as in the file's name: lower-case hexadecimal
 *     wrong SECRET UID COUNT TIME     so many in a row, and when the last was; UID * is anybody
 *     intent SECRET UID NUMBER        a PIN that may be on its way to the card
 *     end DIGEST                      SHA-256 of all the bytes before this line
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/ledger.h"

/* Stands for each user without an entry of its own, of that secret. No user has this number. */
#define LEDGER_ANYBODY ((uid_t)-1)

enum {
	LEDGER_ENTRIES_MAX = 256,
	LEDGER_WRONG_MAX = 4, /* more is not counted */
	LEDGER_PAGE_LENGTH_MAX = 16384, /* bytes; no page has as many */
};

struct ledger_entry {
	enum ledger_secret secret;
	uid_t uid;
	unsigned int wrong;
	time_t last;
};

struct ledger_page {
	struct ledger_entry entries[LEDGER_ENTRIES_MAX];
	size_t count;
	bool has_intent; /* a card does one thing at a time */
	struct ledger_intent intent;
};

/* The entry of just this user, or of LEDGER_ANYBODY; or NULL. */
struct ledger_entry *ledger_page_find(struct ledger_page *page, enum ledger_secret secret,
				      uid_t uid);

/* -EBADMSG: it is not, to the last byte, a page of this card. Another negative errno: who knows. */
int ledger_page_parse(const char *text, size_t length, const uint8_t card[DIGEST_LENGTH],
		      struct ledger_page *ret_page);

/* *ret_text is the caller's to free. 0 or a negative errno. */
int ledger_page_format(const struct ledger_page *page, const uint8_t card[DIGEST_LENGTH],
		       char **ret_text, size_t *ret_length);
