/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that waits for readers and cards to come and go, and for pcscd itself. */
#pragma once

#include "daemon/mailbox.h"
#include "daemon/pcsc.h"

/*
 * @answer: 0 with the readers as they are now, or ANSWER_PCSC_UNAVAILABLE or ANSWER_NOT_AUTHORIZED
 * with none.
 */
typedef void watcher_changed(int answer, const struct pcsc_readers *readers, void *userdata);

/*
 * Starts the thread. @changed runs in the main thread, first with what there is now. There is no
 * way to end it but to end the process: it may sit in a pcscd that does not answer, and nothing is
 * lost with it.
 */
int watcher_start(struct mailbox *mailbox, watcher_changed *changed, void *userdata);
