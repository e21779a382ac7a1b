/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a card's page: as they are, and with the right digest at their end, which no fuzzer
 * would find. What is taken is sound, and has only this one spelling.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/ledger-page.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t card[DIGEST_LENGTH] = { 0xCA, 0xFD };

static void require_sound(struct ledger_page *page)
{
	HOLDS(page->count <= LEDGER_ENTRIES_MAX);
	for (size_t i = 0; i < page->count; i++) {
		const struct ledger_entry *entry = &page->entries[i];

		HOLDS(entry->secret >= 0 && entry->secret < LEDGER_SECRET_COUNT);
		HOLDS(entry->wrong <= LEDGER_WRONG_MAX && entry->last >= 0);
		HOLDS(ledger_page_find(page, entry->secret, entry->uid) == entry);
	}
	if (page->has_intent) {
		HOLDS(page->intent.secret >= 0 && page->intent.secret < LEDGER_SECRET_COUNT);
		HOLDS(page->intent.uid != LEDGER_ANYBODY);
	}
}

static void fuzz_page(const char *text, size_t length)
{
	uint8_t other_card[DIGEST_LENGTH] = { 0 };
	CLEANUP(freep) char *again = NULL;
	size_t again_length;
	struct ledger_page page;
	int r = ledger_page_parse(text, length, card, &page);

	HOLDS(r == 0 || r == -EBADMSG);
	if (r < 0)
		return;
	require_sound(&page);
	HOLDS(ledger_page_format(&page, card, &again, &again_length) == 0);
	HOLDS(again_length == length && memcmp(again, text, length) == 0);
	HOLDS(ledger_page_parse(text, length, other_card, &page) == -EBADMSG);
	HOLDS(ledger_page_parse(text, length - 1, card, &page) == -EBADMSG);
}

/* Up to the last "end " the bytes are the fuzzer's. */
static void fuzz_with_digest(const char *bytes, size_t length)
{
	CLEANUP(freep) char *text = malloc(length + sizeof("end ") + DIGEST_HEX_SIZE);
	uint8_t digest[DIGEST_LENGTH];
	char *place = text;

	HOLDS(text);
	while (length > 0 && (length < 4 || memcmp(bytes + length - 4, "end ", 4) != 0))
		length--;
	length -= length > 0 ? 4 : 0;
	HOLDS(digest_sha256(bytes, length, digest) == 0);
	place = mempcpy(place, bytes, length);
	place = mempcpy(place, "end ", 4);
	digest_to_hex(digest, place);
	place += DIGEST_HEX_SIZE - 1;
	*place++ = '\n';
	fuzz_page(text, (size_t)(place - text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	fuzz_page((const char *)bytes, length);
	fuzz_with_digest((const char *)bytes, length);
	return 0;
}
