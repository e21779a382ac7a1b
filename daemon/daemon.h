/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of the service: its start, its signals, and its end with all cards closed. */
#pragma once

#include "daemon/config.h"

struct daemon;

/*
 * Reads the configuration, takes the name on the bus and tells the service manager that it is
 * ready. @arguments is borrowed. 0, or a negative errno after a line in the log: -EINVAL, -EACCES
 * and -EEXIST are an administrator's to mend.
 */
int daemon_new(const struct config_arguments *arguments, struct daemon **ret_daemon);

/* Serves until it is told to stop. 0, or the negative errno that ended it. */
int daemon_run(struct daemon *daemon);

void daemon_freep(struct daemon **daemon); /* NULL is allowed */
