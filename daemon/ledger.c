/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who waits how long. Each call reads the card's page anew: nothing is kept but the files. */
#include "daemon/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/ledger-file.h"

/* So many wrong ones in a row cost nobody any time. */
enum {
	WRONG_FREE = LEDGER_WRONG_MAX - RULES_WAITS,
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* --- the rules ------ */

/* What is known of this user; where that is nothing, what holds for anybody; or NULL. */
static struct ledger_entry *look_up(struct ledger_page *page, enum ledger_secret secret, uid_t uid)
{
	struct ledger_entry *own = ledger_page_find(page, secret, uid);

	return own ? own : ledger_page_find(page, secret, LEDGER_ANYBODY);
}

/* The user's own entry, made if there is none; or NULL: the page is full. */
static struct ledger_entry *require_own(struct ledger_page *page, enum ledger_secret secret,
					uid_t uid)
{
	struct ledger_entry *entry = ledger_page_find(page, secret, uid);

	if (entry || page->count == LEDGER_ENTRIES_MAX)
		return entry;
	entry = &page->entries[page->count++];
	*entry = (struct ledger_entry){ .secret = secret, .uid = uid };
	return entry;
}

static int count_wrong(struct ledger_page *page, enum ledger_secret secret, uid_t uid, time_t now)
{
	const struct ledger_entry *known = look_up(page, secret, uid);
	const unsigned int before = known ? known->wrong : 0;
	struct ledger_entry *entry = require_own(page, secret, uid);

	if (!entry)
		return -ENOSPC;
	entry->wrong = before < LEDGER_WRONG_MAX ? before + 1 : before;
	entry->last = now;
	return 0;
}

/* Nothing is remembered of who got it right, but that what holds for anybody does not. */
static int count_right(struct ledger_page *page, enum ledger_secret secret, uid_t uid, time_t now)
{
	struct ledger_entry *entry;

	if (ledger_page_find(page, secret, LEDGER_ANYBODY)) {
		entry = require_own(page, secret, uid);
		if (!entry)
			return -ENOSPC;
		entry->wrong = 0;
		entry->last = now;
		return 0;
	}
	entry = ledger_page_find(page, secret, uid);
	if (entry)
		*entry = page->entries[--page->count];
	return 0;
}

static int count_intent(struct ledger_page *page, enum ledger_outcome outcome, time_t now)
{
	const struct ledger_intent *intent = &page->intent;

	page->has_intent = false;
	switch (outcome) {
	case LEDGER_RIGHT:
		return count_right(page, intent->secret, intent->uid, now);
	case LEDGER_NOT_SENT:
		return 0;
	case LEDGER_WRONG:
		break;
	}
	return count_wrong(page, intent->secret, intent->uid, now);
}

/* Whether there were any times in the future. */
static bool bring_into_the_past(struct ledger_page *page, time_t now)
{
	bool changed = false;

	for (size_t i = 0; i < page->count; i++) {
		if (page->entries[i].last <= now)
			continue;
		page->entries[i].last = now;
		changed = true;
	}
	return changed;
}

/* --- the page ------ */

/* One that cannot be read is replaced by one on which everybody has got everything wrong. */
static int read_page(const struct ledger *ledger, time_t now, struct ledger_page *ret_page)
{
	int r = ledger_file_read(ledger, ret_page);

	if (r != -EBADMSG)
		return r;
	ret_page->has_intent = false;
	ret_page->count = LEDGER_SECRET_COUNT;
	for (int i = 0; i < LEDGER_SECRET_COUNT; i++)
		ret_page->entries[i] = (struct ledger_entry){ .secret = (enum ledger_secret)i,
							      .uid = LEDGER_ANYBODY,
							      .wrong = LEDGER_WRONG_MAX,
							      .last = now };
	return ledger_file_replace(ledger, ret_page);
}

/*
 * Makes up for what was left by a crash or a clock set back. It is stored at once, because a wait
 * that begins now must not begin anew each time that somebody looks.
 */
static int take_over_page(const struct ledger *ledger, time_t now, struct ledger_page *ret_page)
{
	int r = read_page(ledger, now, ret_page);
	const bool changed = r == 0 && (bring_into_the_past(ret_page, now) || ret_page->has_intent);

	if (r == 0 && ret_page->has_intent)
		r = count_intent(ret_page, LEDGER_WRONG, now);
	return r == 0 && changed ? ledger_file_store(ledger, ret_page, true) : r;
}

/* One second more, because when the last one was is rounded down to a whole second. */
static time_t wait_of(const struct rules *rules, unsigned int wrong)
{
	return wrong <= WRONG_FREE ? 0 : (time_t)rules->hold_off[wrong - WRONG_FREE - 1] + 1;
}

static int check(const struct ledger *ledger, const struct rules *rules, enum ledger_secret secret,
		 uid_t uid, time_t now, time_t *ret_until)
{
	struct ledger_page page;
	const struct ledger_entry *entry;
	time_t until;
	int r = take_over_page(ledger, now, &page);

	if (r < 0)
		return r;
	entry = look_up(&page, secret, uid);
	until = entry ? entry->last + wait_of(rules, entry->wrong) : now;
	if (now >= until)
		return 0;
	*ret_until = until;
	return ANSWER_HELD_OFF;
}

/* A wrong one must find room, when it is too late to refuse. */
static int require_room(struct ledger_page *page, enum ledger_secret secret, uid_t uid)
{
	if (page->count < LEDGER_ENTRIES_MAX || ledger_page_find(page, secret, uid))
		return 0;
	log_rarely(LOG_ERR, &ledger_unusable,
		   "%d users have got a PIN of one card wrong, and jpkid remembers no more: nobody "
		   "else can use a PIN with it until its file in the state directory is removed.",
		   LEDGER_ENTRIES_MAX);
	return -ENOSPC;
}

static int begin(const struct ledger *ledger, const struct ledger_intent *intent, time_t now)
{
	struct ledger_page page;
	int r = take_over_page(ledger, now, &page);

	if (r == 0)
		r = require_room(&page, intent->secret, intent->uid);
	if (r < 0)
		return r;
	page.has_intent = true;
	page.intent = *intent;
	return ledger_file_store(ledger, &page, true);
}

/* Need not last: what a power cut takes back is an intent unsettled, and the wait only longer. */
static int settle(const struct ledger *ledger, const struct ledger_intent *intent,
		  enum ledger_outcome outcome, time_t now)
{
	struct ledger_page page;
	int r = read_page(ledger, now, &page);

	if (r < 0 || !page.has_intent || page.intent.number != intent->number)
		return r;
	r = count_intent(&page, outcome, now);
	return r < 0 ? r : ledger_file_store(ledger, &page, false);
}

int ledger_check(const struct ledger *ledger, const struct rules *rules, enum ledger_secret secret,
		 uid_t uid, time_t now, time_t *ret_until)
{
	int r;

	pthread_mutex_lock(&mutex);
	r = check(ledger, rules, secret, uid, now, ret_until);
	pthread_mutex_unlock(&mutex);
	return r;
}

int ledger_begin(const struct ledger *ledger, enum ledger_secret secret, uid_t uid, time_t now,
		 struct ledger_intent *ret_intent)
{
	struct ledger_intent intent = { .secret = secret, .uid = uid };
	int r;

	if (uid == LEDGER_ANYBODY)
		return -EINVAL;
	if (getrandom(&intent.number, sizeof(intent.number), 0) != sizeof(intent.number))
		return -EIO;
	pthread_mutex_lock(&mutex);
	r = begin(ledger, &intent, now);
	pthread_mutex_unlock(&mutex);
	if (r == 0)
		*ret_intent = intent;
	return r;
}

int ledger_settle(const struct ledger *ledger, const struct ledger_intent *intent,
		  enum ledger_outcome outcome, time_t now)
{
	int r;

	pthread_mutex_lock(&mutex);
	r = settle(ledger, intent, outcome, now);
	pthread_mutex_unlock(&mutex);
	return r;
}

/* --- the directory ------ */

static int open_ours(const char *path)
{
	struct stat status;
	CLEANUP(closep) int fd = -1;

	if (path[0] != '/')
		return -EINVAL;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return -EPERM;
	return TAKE_FD(fd);
}

static void log_unusable(const char *path, int error)
{
	log_event(LOG_ERR, &ledger_unusable,
		  "Wrong PINs cannot be remembered in %s: %s. It must be a directory that only "
		  "jpkid's user can write to, as systemd makes it with StateDirectory=jpkid; until "
		  "it is, PINs are refused.",
		  path, strerror(error));
}

int ledger_open_directory(void)
{
	const char *paths = getenv("STATE_DIRECTORY");
	CLEANUP(freep) char *path = paths ? strndup(paths, strcspn(paths, ":")) : NULL;
	int r;

	if (!paths) {
		log_event(LOG_ERR, &ledger_unusable,
			  "There is no place to remember wrong PINs, so PINs are refused: let "
			  "systemd start jpkid, with StateDirectory=jpkid.");
		return -ENOENT;
	}
	r = path ? open_ours(path) : -ENOMEM;
	if (r < 0)
		log_unusable(path ? path : paths, -r);
	else if (faccessat(r, ".", W_OK, 0) < 0)
		log_unusable(path, errno); /* it may be mended while we run */
	return r;
}
