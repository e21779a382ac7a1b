/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that PC/SC may hold. */
#pragma once

/*
 * Starts a thread that nobody waits for: PC/SC can hold one without limit, and the daemon's end
 * must not depend on that. It takes no signals. 0 or a negative errno.
 */
int thread_start(void *(*function)(void *), void *userdata);
