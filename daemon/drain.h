/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wait until no card is held any more, which ends after 4 seconds in any case. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

/* @drained: false: a worker is left, which PC/SC does not let go. */
typedef void drain_done(bool drained, void *userdata);

/* All zero: not waiting. */
struct drain {
	sd_event_source *turn;
	sd_event_source *limit;
	drain_done *done;
	void *userdata;
};

/* @done runs once, from the loop, or before this returns where there is nothing to wait for. */
void drain_start(struct drain *drain, sd_event *event, drain_done *done, void *userdata);
/* @done does not run any more. */
void drain_stop(struct drain *drain);
