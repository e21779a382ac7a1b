/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files make up the configuration, and reading them. See jpkid.conf(5). */
#pragma once

#include "daemon/config.h"

enum {
	CONFIG_FILE_LENGTH_MAX = 64 * 1024, /* bytes */
};

/* Two directories: the administrator's, which comes first, and the system's. */
struct config_directories {
	const char *etc, *lib;
};

/*
 * Reads the files anew, and puts what the command line says above them. What cannot be read is
 * passed over with a line in the log, and never waited for. 0: then *ret_config is the caller's to
 * config_clear(); or -ENOMEM.
 */
int config_read(const struct config_directories *directories,
		const struct config_arguments *arguments, struct config *ret_config);

/*
 * Reads the text of one file, which is cut up; @path is for the log. A zero byte follows @length
 * others. 0, whatever the text is, or -ENOMEM.
 */
int config_read_text(const char *path, char *text, size_t length, struct config *config);
