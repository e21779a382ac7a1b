/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The top of the daemon: all readers and cards, and what their objects need. */
#pragma once

#include "daemon/agents.h"
#include "daemon/config.h"
#include "daemon/mailbox.h"
#include "daemon/pcsc.h"
#include "dbus/object.h"

struct reader;
struct request;

struct manager {
	const struct config *config;
	sd_event *event;
	struct bus *bus;
	struct mailbox *mailbox;
	/* The guard's directory; negative: there is none. Open to the end: workers outlive this. */
	int ledger;
	struct agents *agents;
	struct object_tree *tree;
	struct object *object;
	struct object *log_control;

	bool pcsc_available;
	bool refused; /* this and the line before: as the bus knows it */
	bool readers_known; /* the first word of the watcher has come */
	bool asleep;        /* no card is taken up */
	int pcsc_answer;    /* its last word: why there are no readers, or 0… */
	struct pcsc_readers seen; /* …and those that there are */
	bool stopping;
	struct reader *readers[PCSC_READERS_MAX];
	size_t reader_count;
	uint64_t next_card;       /* numbers are never used twice */
	struct request *requests; /* all that are open */

	/* Called once, when what is there at the start has been looked at. */
	void (*settled)(void *userdata);
	void *userdata;
};

/*
 * Exports the manager's object and starts to watch the readers. @config, @event and @bus stay the
 * caller's, who may change *config, see manager_follow_config().
 */
int manager_new(const struct config *config, sd_event *event, struct bus *bus,
		void (*settled)(void *userdata), void *userdata, struct manager **ret_manager);

/*
 * *config has changed: readers that are not to be used go, and those that now are come. Where cards
 * were held in another way @before, they are let go, and taken up anew.
 */
void manager_follow_config(struct manager *manager, const struct config *before);

/*
 * Lets all cards go: what has begun ends, what waits is cancelled. Then, as soon as no card is
 * held, manager_free().
 */
void manager_stop(struct manager *manager);
/* Likewise, but the readers stay, and with manager_wake() what is in them is looked at afresh. */
void manager_sleep(struct manager *manager);
void manager_wake(struct manager *manager);
struct manager *manager_free(struct manager *manager); /* NULL is allowed; returns NULL */

/* What the service manager shows of the daemon follows. */
void manager_changed(const struct manager *manager);

/*
 * What the bus shows of pcscd follows. Where it has begun to refuse this service, one log line says
 * what is missing.
 */
void manager_follow_pcsc(struct manager *manager);

/* A reader has found out what is in it, or nothing is. */
void manager_reader_settled(struct manager *manager);

extern const struct interface *const log_control_interfaces[]; /* log-control-dbus.c */
extern const struct interface manager_interface;               /* manager-dbus.c */
extern const struct interface *const manager_interfaces[];
