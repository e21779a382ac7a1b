/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole things handed from any thread to the main one, in order. */
#pragma once

#include <systemd/sd-event.h>

/* Embedded in what is handed over. */
struct mail {
	struct mail *next;
	void (*deliver)(struct mail *mail); /* runs in the main thread; owns what the mail is in */
};

struct mailbox;

/* It lives as long as the process: threads that nobody waits for may post until the end. */
int mailbox_new(sd_event *event, struct mailbox **ret_mailbox);

/* From any thread. Cannot fail. */
void mailbox_post(struct mailbox *mailbox, struct mail *mail);
