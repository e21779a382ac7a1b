/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other programs on the bus: who runs them, and when they leave. What is known of one is kept
 * until it leaves, so that only its first call costs a round trip to the bus.
 */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "dbus/bus.h"

struct peers;

/* @bus outlives them. 0 or -ENOMEM. */
int peers_new(struct bus *bus, struct peers **ret_peers);
/* Those who watch are told that their peer has gone. NULL is allowed; returns NULL. */
struct peers *peers_free(struct peers *peers);

/* Embedded where a peer matters; the functions run from the loop. */
struct peer_watch {
	struct peer *peer; /* NULL: not watching */
	/* Once, when the uid becomes known that was not at the start. May be NULL. */
	void (*known)(struct peer_watch *watch, uid_t uid);
	/* Once; the watch has stopped before. */
	void (*gone)(struct peer_watch *watch);
	LIST_ENTRY(peer_watch) link;
};

/* @name: the unique name of a sender. 0 or -ENOMEM. */
int peer_watch_start(struct peers *peers, const char *name, struct peer_watch *watch);
/* Allowed where it has stopped already. */
void peer_watch_stop(struct peer_watch *watch);
/* Whether the uid is known by now. */
bool peer_watch_uid(const struct peer_watch *watch, uid_t *ret_uid);
/* Of a peer whose uid is known: its process as the bus saw it connect; 0: the bus does not say. */
pid_t peer_watch_pid(const struct peer_watch *watch);
