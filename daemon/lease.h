/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Unlock gives: until it ends, its caller needs no PIN. It ends when the caller closes the
 * descriptor or leaves the bus, the card goes, the machine has slept, the card refuses the PIN, or
 * its time is up. Each caller has one at most for an applet, and a user a few.
 */
#pragma once

#include "daemon/card.h"

struct lease;

/*
 * For the caller of @call, whose earlier lease ends; @job is the one that found @pin to be right.
 * @pin is consumed. *ret_fd is for the caller, who can see at it when the lease has ended
 * (hang-up). 0, ANSWER_LIMITS_EXCEEDED or a negative errno.
 */
int lease_new(struct applet *applet, const struct call *call, const struct job *job,
	      struct secret *pin, int *ret_fd);

/* NULL: @caller (a unique name) has none. */
struct lease *lease_find(struct applet *applet, const char *caller);

/* Borrowed, and which PIN of the card it was, see struct job. */
const struct secret *lease_pin(const struct lease *lease);
unsigned int lease_pin_number(const struct lease *lease);

/* The PIN is wiped, and the descriptor hangs up. NULL is allowed. */
void lease_end(struct lease *lease);
void leases_end(struct applet *applet);
