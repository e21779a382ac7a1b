/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an administrator can choose. */
#pragma once

#include <stdbool.h>

struct config {
	bool exclusive; /* hold a JPKI card for the daemon alone */
	int log_level;  /* of syslog(3) */
};

/*
 * Reads the command line. 0: run. 1: --help or --version has been answered. -EINVAL: a mistake, and
 * standard error says which.
 */
int config_from_arguments(int argc, char **argv, struct config *ret_config);
