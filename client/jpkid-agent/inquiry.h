/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A question that is being asked, in a process of its own with a pinentry. The PIN goes from there
 * into a pipe: this process holds its read end, and never reads it.
 */
#pragma once

#include <systemd/sd-event.h>

#include "client/jpkid-agent/prompt.h"

struct inquiry;

/*
 * @result: 0 with @fd, which is borrowed; ANSWER_DISMISSED; or a negative errno: nobody could be
 * asked, which has been logged.
 */
typedef void inquiry_done(int result, int fd, void *userdata);

/*
 * Starts asking; @prompt is not needed afterwards. SIGCHLD must be blocked. 0, then @done is called
 * once, from the loop, and *ret_inquiry is gone after that; or a negative errno.
 */
int inquiry_start(sd_event *event, const struct prompt *prompt, inquiry_done *done, void *userdata,
		  struct inquiry **ret_inquiry);

/* Closes the dialog, by force if need be; @done is called soon. */
void inquiry_stop(struct inquiry *inquiry);
