/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file, or standard input, that is read from its beginning to its end, in constant memory. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SOURCE_BLOCK_SIZE = 64 * 1024,
};

struct source {
	int fd, opened; /* -1: not open, or not ours to close */
	const char *name; /* for a person */
};
#define SOURCE_INIT ((struct source){ .fd = -1, .opened = -1 })

/*
 * Whether these @files (NULL: none) can be read: one of them can be standard input, and none is
 * @output (NULL: there is none), by which it would be lost. 0 or an enum failure.
 */
int source_check(const char *const *files, size_t count, const char *output);

/* @file "-": standard input. 0 or an enum failure; in each case source_close(). */
int source_open(struct source *source, const char *file);
void source_close(struct source *source);

/* Up to @length bytes, fewer at the end only; or a negative errno. */
ssize_t source_read(struct source *source, uint8_t *bytes, size_t length);

/* Says that reading failed with the negative errno @r; the failure that it is. */
int source_fail(const struct source *source, int r);

/*
 * Gives all that is left to @take, block by block. 0, an enum failure, or the first other answer of
 * @take.
 */
int source_feed(struct source *source,
		int (*take)(const uint8_t *bytes, size_t length, void *userdata), void *userdata);
