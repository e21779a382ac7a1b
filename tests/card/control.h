/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A Unix stream socket through which a test plays the card's holder. A line each way: the answer is
 * `ok`, `error REASON`, or the value that was asked for.
 *	pull, insert			the card leaves the reader, or comes back; pcscd looks every
 *					400 ms, and does not see what is shorter
 *	delay MS			before each APDU is run
 *	hang, resume			the next APDU waits until `resume`
 *	mute				it gives an ATR that is none, until `resume`
 *	at INS ACTION [skip N]		the next APDU (after N others) with INS, in hexadecimal,
 *					is not run; ACTION is pull, power-loss (out, and back by
 *					itself after a second), hang, or sw XXXX
 *	after INS ACTION [skip N]	it is run, but its answer is lost or replaced; ACTION
 *					as above, but not hang
 *	tries				auth N sign N reset N
 *	set auth|sign PIN		the PIN is this one, and all its tries are left
 *	verified			auth yes|no sign yes|no
 *	count, clear-count		APDUs that came
 */
#pragma once

#include <poll.h>
#include <stddef.h>

#include "tests/card/field.h"

enum {
	CONTROL_CLIENT_MAX = 8,
	CONTROL_FD_MAX = 1 + CONTROL_CLIENT_MAX,
	CONTROL_LINE_MAX = 128,
};

struct control {
	struct field *field;
	const char *path;	/* NULL = no control */
	int fd;
	struct control_client {
		int fd;
		size_t len;
		char line[CONTROL_LINE_MAX];
	} clients[CONTROL_CLIENT_MAX];
};

/*
 * Listens at path, which it takes over when it exists. field and path are borrowed. 0 or negative
 * errno.
 */
int control_open(struct control *control, const char *path, struct field *field);
void control_close(struct control *control);

/* For poll(): fills in all entries; those not in use get the descriptor -1. */
void control_poll(const struct control *control, struct pollfd fds[CONTROL_FD_MAX]);

/* Serves those that are ready. */
void control_run(struct control *control, const struct pollfd fds[CONTROL_FD_MAX]);
