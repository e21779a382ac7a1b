/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drain.h"

#include <time.h>

#include "base/clock.h"
#include "daemon/worker.h"

/* Microseconds. logind lets the machine sleep after 5 seconds, come what may. */
static const uint64_t longest = 4 * (uint64_t)USEC_PER_SEC;

void drain_stop(struct drain *drain)
{
	drain->turn = sd_event_source_disable_unref(drain->turn);
	drain->limit = sd_event_source_disable_unref(drain->limit);
}

static void drain_finish(struct drain *drain)
{
	drain_stop(drain);
	drain->done(worker_count() == 0, drain->userdata);
}

static int on_turn(sd_event_source *source, void *userdata)
{
	if (worker_count() == 0)
		drain_finish(userdata);
	return 0;
}

static int on_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
	drain_finish(userdata);
	return 0;
}

void drain_start(struct drain *drain, sd_event *event, drain_done *done, void *userdata)
{
	int r = 0;

	drain->done = done;
	drain->userdata = userdata;
	if (worker_count() > 0)
		r = sd_event_add_post(event, &drain->turn, on_turn, drain);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &drain->limit, CLOCK_MONOTONIC, longest, 0,
					       on_limit, drain);
	if (r < 0 || worker_count() == 0)
		drain_finish(drain);
}
