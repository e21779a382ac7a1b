/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * org.freedesktop.login1.Manager: when the machine goes to sleep and when it is awake again, and
 * the delay inhibitor that makes it wait. Nothing here blocks or starts logind. Without one nothing
 * is heard; one that comes, or comes back, is followed.
 */
#pragma once

#include "dbus/bus.h"

struct logind;

/*
 * @sleeps: the machine goes to sleep, and waits for logind_let_sleep(), but hardly longer than 5
 * seconds. False: it is awake, or did not go to sleep after all, or logind has gone in between. It
 * may come without a true before.
 */
typedef void logind_heard(bool sleeps, void *userdata);

/* @heard runs from the loop. 0 or -ENOMEM. */
int logind_new(struct bus *bus, logind_heard *heard, void *userdata, struct logind **ret_logind);
struct logind *logind_free(struct logind *logind); /* NULL is allowed; returns NULL */

/* The machine need not wait; it will again after it has been awake. */
void logind_let_sleep(struct logind *logind);
