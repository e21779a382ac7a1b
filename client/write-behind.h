/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a large file block by block, while the program makes the next one. */
#pragma once

#include <aio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct write_behind {
	uint8_t *block; /* the next */
	size_t filled;
	off_t offset; /* its place in the file */

	uint8_t *written; /* the one before */
	struct aiocb request;
	bool is_writing;
};
#define WRITE_BEHIND_INIT ((struct write_behind){ 0 })

/*
 * Appends to @fd, a regular file that is the same each time and empty at first. 0 or a negative
 * errno, which may be due to bytes that were given before.
 */
int write_behind(struct write_behind *behind, int fd, const void *bytes, size_t length);

/* All is written then. 0 or a negative errno. */
int write_behind_finish(struct write_behind *behind, int fd);

/* Before the file is closed. */
void write_behind_clear(struct write_behind *behind);
