/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps an inventory as the service shows it, and tells what changes. What there is is asked for
 * once, and signals are followed from then on. Answers and signals are taken in the order in which
 * they come, so that no change is lost and none is told twice.
 */
#pragma once

#include "client/jpkictl/event.h"

struct follower {
	/* The user's. The connection is for nothing else, and the inventory is empty at first. */
	DBusConnection *service;
	struct inventory *inventory;
	/* 0, or why to stop: an answer of follower_take(). */
	int (*tell)(const struct event *event, void *userdata);
	void *userdata;

	char *owner; /* who sends the signals that count; NULL: nobody yet */
	/* Of the calls whose answers are awaited; 0: there is none. */
	uint32_t objects_serial, manager_serial;
	bool is_told; /* what there was at the beginning */
};

/* Starts the service if need be. 0 or an enum failure; in each case follower_clear(). */
int follower_begin(struct follower *follower);
void follower_clear(struct follower *follower);

/*
 * Takes all messages that have been read from the connection. 0, an enum failure, or the first
 * other answer of @tell.
 */
int follower_take(struct follower *follower);
