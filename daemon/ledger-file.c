/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/ledger-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/* The names of a card's files. */
struct names {
	char page[sizeof("CARD.ledger") + DIGEST_HEX_SIZE];
	char new[sizeof("CARD.ledger.new") + DIGEST_HEX_SIZE];
	char set_aside[sizeof("CARD.ledger.set-aside") + DIGEST_HEX_SIZE];
};

static struct names names_of(const struct ledger *ledger)
{
	char card[DIGEST_HEX_SIZE];
	struct names names;

	digest_to_hex(ledger->card, card);
	snprintf(names.page, sizeof(names.page), "%s.ledger", card);
	snprintf(names.new, sizeof(names.new), "%s.ledger.new", card);
	snprintf(names.set_aside, sizeof(names.set_aside), "%s.ledger.set-aside", card);
	return names;
}

static bool is_ours(const struct stat *status)
{
	return S_ISREG(status->st_mode) && status->st_uid == geteuid() &&
	       (status->st_mode & (S_IWGRP | S_IWOTH)) == 0 && status->st_nlink == 1;
}

const struct log_fields ledger_unusable = { .event = EVENT_LEDGER_UNUSABLE };

static int read_page(const struct ledger *ledger, const char *name, struct ledger_page *ret_page)
{
	char text[LEDGER_PAGE_LENGTH_MAX];
	struct stat status;
	ssize_t length;
	CLEANUP(closep) int fd = openat(ledger->directory, name,
					O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	/* A link, a socket and a file of somebody else cannot be opened. */
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO || errno == EACCES ? -EBADMSG : -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!is_ours(&status))
		return -EBADMSG;
	length = file_read_up_to(fd, text, sizeof(text));
	if (length < 0)
		return (int)length;
	return ledger_page_parse(text, (size_t)length, ledger->card, ret_page);
}

int ledger_file_read(const struct ledger *ledger, struct ledger_page *ret_page)
{
	const struct names names = names_of(ledger);
	int r = read_page(ledger, names.page, ret_page);

	if (r == -ENOENT) {
		ret_page->count = 0;
		ret_page->has_intent = false;
		return 0;
	}
	if (r < 0 && r != -EBADMSG)
		log_rarely(LOG_ERR, &ledger_unusable,
			   "%s in the state directory cannot be read: %s. It says how often a PIN "
			   "was wrong; until it can be, this card's PINs are refused.",
			   names.page, strerror(-r));
	return r;
}

/* O_EXCL follows no link and opens nothing that anybody else may hold. */
static int write_new(const struct ledger *ledger, const char *name, const struct ledger_page *page,
		     bool durable)
{
	CLEANUP(closep) int fd = -1;
	CLEANUP(freep) char *text = NULL;
	size_t length;
	int r = ledger_page_format(page, ledger->card, &text, &length);

	if (r < 0)
		return r;
	if (unlinkat(ledger->directory, name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(ledger->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
	if (fd < 0)
		return -errno;
	r = file_write_all(fd, text, length);
	if (r == 0 && durable && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int store(const struct ledger *ledger, const struct names *names,
		 const struct ledger_page *page, bool durable)
{
	int r;

	if (page->count == 0 && !page->has_intent) {
		if (unlinkat(ledger->directory, names->page, 0) < 0 && errno != ENOENT)
			return -errno;
	} else {
		r = write_new(ledger, names->new, page, durable);
		if (r < 0)
			return r;
		if (renameat(ledger->directory, names->new, ledger->directory, names->page) < 0)
			return -errno;
	}
	return durable && fsync(ledger->directory) < 0 ? -errno : 0;
}

/* At no time is there no page: that would let everybody go on. */
static int replace(const struct ledger *ledger, const struct names *names,
		   const struct ledger_page *page)
{
	const int directory = ledger->directory;
	int r = write_new(ledger, names->new, page, true);

	if (r < 0)
		return r;
	if (renameat2(directory, names->new, directory, names->page, RENAME_EXCHANGE) < 0 ||
	    renameat(directory, names->new, directory, names->set_aside) < 0 ||
	    fsync(directory) < 0)
		return -errno;
	return 0;
}

static int report(int r, const struct names *names)
{
	if (r < 0)
		log_rarely(LOG_ERR, &ledger_unusable,
			   "%s cannot be stored in the state directory: %s. It says how often a "
			   "PIN was wrong; until it can be, this card's PINs are refused.",
			   names->page, strerror(-r));
	return r;
}

int ledger_file_store(const struct ledger *ledger, const struct ledger_page *page, bool durable)
{
	const struct names names = names_of(ledger);

	return report(store(ledger, &names, page, durable), &names);
}

int ledger_file_replace(const struct ledger *ledger, const struct ledger_page *page)
{
	static const struct log_fields fields = { .event = EVENT_LEDGER_SET_ASIDE };
	const struct names names = names_of(ledger);
	int r = report(replace(ledger, &names, page), &names);

	if (r == 0)
		log_event(LOG_ERR, &fields,
			  "%s in the state directory is damaged, or jpkid did not write it. It has "
			  "been set aside as %s: look whether the disk fails, or who can write "
			  "there. Until all have waited (an hour, or HoldOff= in jpkid.conf) "
			  "nobody can use a PIN with this card.",
			  names.page, names.set_aside);
	return r;
}
