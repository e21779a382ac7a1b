/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/sleep.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/drain.h"
#include "dbus/logind.h"

struct sleep {
	struct manager *manager;
	struct logind *logind;
	struct drain drain;
};

static void on_drained(bool drained, void *userdata)
{
	struct sleep *sleep = userdata;

	if (!drained)
		log_warning("A reader does not let go of its card; the machine may sleep without "
			    "that.");
	logind_let_sleep(sleep->logind);
}

static void sleep_begin(struct sleep *sleep)
{
	log_info("The machine goes to sleep; all cards are let go.");
	manager_sleep(sleep->manager);
	drain_start(&sleep->drain, sleep->manager->event, on_drained, sleep);
}

/* Also where only the end of a sleep is heard, the cards may have been without power. */
static void sleep_end(struct sleep *sleep)
{
	log_info("The machine is awake; looking at the readers afresh.");
	manager_wake(sleep->manager);
}

static void on_logind(bool sleeps, void *userdata)
{
	struct sleep *sleep = userdata;

	drain_stop(&sleep->drain);
	if (sleeps)
		sleep_begin(sleep);
	else
		sleep_end(sleep);
}

static void sleep_freep(struct sleep **sleep)
{
	*sleep = sleep_free(*sleep);
}

int sleep_new(struct manager *manager, struct sleep **ret_sleep)
{
	CLEANUP(sleep_freep) struct sleep *sleep = calloc(1, sizeof(*sleep));
	int r;

	if (!sleep)
		return -ENOMEM;
	sleep->manager = manager;
	r = logind_new(manager->bus, on_logind, sleep, &sleep->logind);
	if (r < 0)
		return r;
	*ret_sleep = TAKE(sleep);
	return 0;
}

struct sleep *sleep_free(struct sleep *sleep)
{
	if (!sleep)
		return NULL;
	drain_stop(&sleep->drain);
	logind_free(sleep->logind);
	free(sleep);
	return NULL;
}
