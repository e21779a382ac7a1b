/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "dbus/peer.h"

/* The two clocks are not read at the same moment. Microseconds. */
static const int64_t short_sleep = USEC_PER_SEC;

struct lease {
	struct lease *next; /* struct applet::leases */
	struct applet *applet;
	char *caller;
	uid_t uid;
	struct secret *pin;
	unsigned int pin_number;
	int fd;        /* the caller has the other end */
	int64_t slept; /* by the machine, when it began */
	sd_event_source *closed;
	sd_event_source *end;
	struct peer_watch watch;
};

/* Microseconds since the machine was started. */
static int64_t time_slept(void)
{
	return (int64_t)(clock_microseconds(CLOCK_BOOTTIME) - clock_microseconds(CLOCK_MONOTONIC));
}

static void lease_unlink(struct lease *lease)
{
	struct lease **place = &lease->applet->leases;

	while (*place && *place != lease)
		place = &(*place)->next;
	if (*place)
		*place = lease->next;
}

void lease_end(struct lease *lease)
{
	if (!lease)
		return;
	lease_unlink(lease);
	peer_watch_stop(&lease->watch);
	sd_event_source_disable_unref(lease->closed);
	sd_event_source_disable_unref(lease->end);
	closep(&lease->fd);
	secret_free(lease->pin);
	free(lease->caller);
	free(lease);
}

static void lease_endp(struct lease **lease)
{
	lease_end(*lease);
}

void leases_end(struct applet *applet)
{
	while (applet->leases)
		lease_end(applet->leases);
}

static void on_gone(struct peer_watch *watch)
{
	lease_end(CONTAINER_OF(watch, struct lease, watch));
}

static int on_closed(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	lease_end(userdata);
	return 0;
}

static int on_end(sd_event_source *source, uint64_t usec, void *userdata)
{
	lease_end(userdata);
	return 0;
}

static int lease_watch(struct lease *lease, const struct call *call)
{
	const struct manager *manager = lease->applet->card->manager;
	sd_event *event = manager->event;
	uint64_t length = (uint64_t)manager->config->unlock_time * USEC_PER_SEC;
	int r = sd_event_add_time_relative(event, &lease->end, CLOCK_BOOTTIME, length, 0, on_end,
					   lease);

	/* That the other end is closed is always reported, as EPOLLERR. */
	if (r >= 0)
		r = sd_event_add_io(event, &lease->closed, lease->fd, 0, on_closed, lease);
	if (r >= 0)
		r = peer_watch_start(call_peers(call), lease->caller, &lease->watch);
	return r;
}

static unsigned int leases_count(const struct applet *applet, uid_t uid)
{
	unsigned int count = 0;

	for (const struct lease *lease = applet->leases; lease; lease = lease->next)
		count += lease->uid == uid;
	return count;
}

int lease_new(struct applet *applet, const struct call *call, const struct job *job,
	      struct secret *pin, int *ret_fd)
{
	CLEANUP(secret_freep) struct secret *owned = pin;
	CLEANUP(lease_endp) struct lease *lease = NULL;
	CLEANUP(closep) int callers_end = -1;
	const struct config *config = applet->card->manager->config;
	int ends[2], r;

	if (leases_count(applet, job->uid) >= config->unlocks_per_user &&
	    !lease_find(applet, call_sender(call)))
		return ANSWER_LIMITS_EXCEEDED;
	lease = calloc(1, sizeof(*lease));
	if (!lease)
		return -ENOMEM;
	lease->applet = applet;
	lease->uid = job->uid;
	lease->pin_number = job->pin_number;
	lease->fd = -1;
	lease->watch.gone = on_gone;
	lease->slept = time_slept();
	lease->pin = TAKE(owned);
	lease->caller = strdup(call_sender(call));
	if (!lease->caller)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	callers_end = ends[0];
	lease->fd = ends[1];
	r = lease_watch(lease, call);
	if (r < 0)
		return r;

	lease_end(lease_find(applet, lease->caller));
	lease->next = applet->leases;
	applet->leases = lease;
	lease = NULL;
	*ret_fd = TAKE_FD(callers_end);
	return 0;
}

struct lease *lease_find(struct applet *applet, const char *caller)
{
	struct lease *lease = applet->leases;

	while (lease && strcmp(lease->caller, caller) != 0)
		lease = lease->next;
	if (lease && time_slept() > lease->slept + short_sleep) {
		lease_end(lease);
		return NULL;
	}
	return lease;
}

const struct secret *lease_pin(const struct lease *lease)
{
	return lease->pin;
}

unsigned int lease_pin_number(const struct lease *lease)
{
	return lease->pin_number;
}
