/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a PIN comes from, and the descriptor by which it reaches the service. */
#pragma once

#include "base/secret.h"
#include "client/inventory.h"

/*
 * From descriptor @fd, up to its end; one newline there is dropped. *ret_pin is the caller's to
 * free. 0 or an enum failure.
 */
int pin_read(int fd, struct secret **ret_pin);

/*
 * From the person at @terminal, who is told how many tries are left. With one left that person must
 * first agree to use it, unless *allow_last_try is true already; it is true then. 0 or an enum
 * failure.
 */
int pin_ask(int terminal, const struct applet *applet, bool *allow_last_try,
	    struct secret **ret_pin);

/* The read end of a pipe that holds the PIN and then ends; or a negative errno. */
int pin_to_descriptor(const struct secret *pin);
