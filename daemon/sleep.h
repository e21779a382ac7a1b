/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the machine's sleep does: before it, all cards are closed and let go and PINs forgotten, and
 * the machine waits for that (4 seconds at most); after it, what is in the readers is looked at
 * afresh.
 */
#pragma once

#include "daemon/manager.h"

struct sleep;

/* Of @manager, which outlives it. 0 or -ENOMEM. */
int sleep_new(struct manager *manager, struct sleep **ret_sleep);
struct sleep *sleep_free(struct sleep *sleep); /* NULL is allowed; returns NULL */
