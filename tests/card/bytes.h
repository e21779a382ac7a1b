/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owned byte strings and whole files, for the virtual card only: it shares no code with what it
 * judges.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define _cleanup_(function) __attribute__((cleanup(function)))

struct bytes {
	uint8_t *data;
	size_t len;
};

/* Frees what is held; b is empty after it. */
void bytes_clear(struct bytes *b);

/* Takes a copy of len bytes at data and puts filler bytes of FF after it. 0 or -ENOMEM. */
int bytes_set(struct bytes *b, const void *data, size_t len, size_t filler);

/* Reads a whole file of at most max bytes. 0, -EFBIG or another negative errno. */
int bytes_read_file(struct bytes *b, const char *path, size_t max);

/*
 * Reads a file of one line into text, without the line's end. 0, -EFBIG or another negative errno.
 */
int bytes_read_line(char *text, size_t size, const char *path);

/*
 * Writes the whole file by rename: who reads it sees the old content or the new. 0 or negative
 * errno.
 */
int bytes_write_file(const void *data, size_t len, const char *path, mode_t mode);

/* For _cleanup_ on pointers of malloc and on descriptors. */
void bytes_free_pointer(void *pointer);
void bytes_close_fd(int *fd);
