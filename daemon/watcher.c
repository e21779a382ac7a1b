/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/watcher.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/thread.h"

enum {
	/*
	 * pcscd is not there: one that has just gone, or that starts as we do, is soon back. Each
	 * attempt to reach it also starts it where systemd listens for it.
	 */
	SOON_MILLISECONDS = 100,
	SOON_ATTEMPTS = 30,
	LATER_MILLISECONDS = 1000,
	/* pcscd refuses us: only an administrator can change that. */
	REFUSED_MILLISECONDS = 30 * 1000,
};

struct watcher {
	struct mailbox *mailbox;
	watcher_changed *changed;
	void *userdata;
};

struct change {
	struct mail mail;
	const struct watcher *watcher;
	int answer;
	struct pcsc_readers readers;
};

static void change_deliver(struct mail *mail)
{
	struct change *change = (struct change *)mail;

	change->watcher->changed(change->answer, &change->readers, change->watcher->userdata);
	free(change);
}

static void watcher_post(const struct watcher *watcher, int answer,
			 const struct pcsc_readers *readers)
{
	struct change *change = calloc(1, sizeof(*change));

	if (!change) {
		log_error("No memory to follow a change of the readers; restart jpkid.");
		return;
	}
	change->mail.deliver = change_deliver;
	change->watcher = watcher;
	change->answer = answer;
	change->readers = *readers;
	mailbox_post(watcher->mailbox, &change->mail);
}

/* Follows the readers of one pcscd until that ends; returns what ended it. */
static int watch_one_pcscd(const struct watcher *watcher, bool *ret_reached)
{
	CLEANUP(pcsc_closep) struct pcsc *pcsc = NULL;
	struct pcsc_readers readers = { 0 };
	int answer = pcsc_open(&pcsc);

	while (answer == 0) {
		answer = pcsc_watch(pcsc, &readers);
		if (answer != 0)
			break;
		*ret_reached = true;
		watcher_post(watcher, 0, &readers);
	}
	return answer;
}

static void sleep_milliseconds(long milliseconds)
{
	const struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static void *watcher_main(void *userdata)
{
	static const struct pcsc_readers none;
	const struct watcher *watcher = userdata;
	unsigned int attempts = 0;
	int told = 0;

	for (;;) {
		bool reached = false;
		int answer = watch_one_pcscd(watcher, &reached);
		int news = answer == ANSWER_NOT_AUTHORIZED ? answer : ANSWER_PCSC_UNAVAILABLE;

		if (reached || news != told)
			watcher_post(watcher, news, &none);
		told = news;
		attempts = reached ? 0 : attempts + 1;
		if (news == ANSWER_NOT_AUTHORIZED)
			sleep_milliseconds(REFUSED_MILLISECONDS);
		else
			sleep_milliseconds(attempts < SOON_ATTEMPTS ? SOON_MILLISECONDS :
								      LATER_MILLISECONDS);
	}
	return NULL;
}

int watcher_start(struct mailbox *mailbox, watcher_changed *changed, void *userdata)
{
	struct watcher *watcher = malloc(sizeof(*watcher));
	int r;

	if (!watcher)
		return -ENOMEM;
	*watcher = (struct watcher){ mailbox, changed, userdata };
	r = thread_start(watcher_main, watcher);
	if (r < 0)
		free(watcher);
	return r;
}
