/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The book on the disk, as jpkid/notices in the user's directory for state. Whatever happens
 * meanwhile, that file is the old book or the new one.
 */
#pragma once

#include "client/jpkid-agent/notice-book.h"

/* A folder that could not be found is NULL. */
struct notice_store {
	char *folder;
	bool has_failed; /* which is logged once */
};

/* By the environment. notice_store_close() frees. */
void notice_store_open(struct notice_store *store);
void notice_store_close(struct notice_store *store);

/* What cannot be read is an empty book. */
void notice_store_load(struct notice_store *store, struct notice_book *book);
void notice_store_save(struct notice_store *store, const struct notice_book *book);
