/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* getopt_long() takes abbreviations; whoever adds an option later would change what they mean. */
#pragma once

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

/* Whether the option that getopt_long() has just found in @argv was written as @name in full. */
static inline bool option_is_whole(const char *name, char **argv)
{
	const char *word = argv[optind - 1] == optarg ? argv[optind - 2] : argv[optind - 1];

	return strncmp(word + strlen("--"), name, strlen(name)) == 0;
}
