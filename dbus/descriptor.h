/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A secret that a caller sends through a descriptor. Never blocks, never trusts the other end. */
#pragma once

#include <systemd/sd-event.h>

#include "base/secret.h"

struct descriptor_read;

/*
 * @result: 0 with @secret (1 to the limit's bytes; now the callee's to free), or NULL and
 * ANSWER_PIN_FORMAT (empty, or more bytes than the limit), ANSWER_INVALID_INPUT (no end of file
 * before the deadline, or the descriptor broke), or a negative errno.
 */
typedef void descriptor_done(int result, struct secret *secret, void *userdata);

/*
 * Whether the descriptor is one that can be read so: the read end of a pipe, a stream socket, or a
 * memfd whose content is sealed against writing. 0, or ANSWER_INVALID_INPUT.
 */
int descriptor_check(int fd);

/*
 * Reads from @fd (consumed, also on failure) up to its end, at most @limit bytes, for at most 2
 * seconds. Returns 0, then @done runs: from the loop, or before this returns where all is there
 * already. Or a negative errno (-EINVAL: not what descriptor_check() accepts), and it never runs.
 * *ret_read can be cancelled until @done is called; it is NULL where that has happened already.
 */
int descriptor_read_secret(sd_event *event, int fd, size_t limit, descriptor_done *done,
			   void *userdata, struct descriptor_read **ret_read);
/* NULL is allowed; returns NULL. */
struct descriptor_read *descriptor_read_cancel(struct descriptor_read *read);
