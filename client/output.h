/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command has to give: collected whole, then written all or nothing. */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct output {
	FILE *stream; /* write here */
	char *bytes;
	size_t length;
};
#define OUTPUT_INIT ((struct output){ 0 })

/* 0 or an enum failure; output_clear() frees in each case. */
int output_open(struct output *output);
void output_clear(struct output *output);

/*
 * Writes what was collected to the file @path, or to standard output where it is NULL. A file
 * appears whole, under its name, or not at all; one that was there keeps its permissions and, after
 * a failure, its content. Symbolic links are followed; devices and pipes are written to. 0 or an
 * enum failure.
 */
int output_write(struct output *output, const char *path);

/* Writes it to standard error. 0 or an enum failure. */
int output_tell(struct output *output);

/* Whether that can be done, as far as can be told beforehand. 0 or an enum failure. */
int output_check(const char *path);

/* Says that it failed with the negative errno @r; the failure that it is. */
int output_fail(const char *path, int r);

/* Whether that would be a terminal, which takes no binary data: then the failure is said. */
int output_refuse_terminal(const char *path);
