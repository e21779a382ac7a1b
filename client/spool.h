/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command has to give where memory shall not hold it: written all or nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "client/write-behind.h"

struct spool {
	int fd;       /* a file without a name, which is gone with us; -1: none */
	char *target; /* the regular file that it becomes; NULL: it is copied to @device */
	int device;   /* -1: none */
	mode_t mode;
	bool is_replacing; /* a file of @owner and @group */
	uid_t owner;
	gid_t group;
	struct write_behind behind;
	bool is_beside; /* it can get a name beside @target; otherwise it is copied there */
};
#define SPOOL_INIT ((struct spool){ .fd = -1, .device = -1 })

/*
 * For the file @path, or standard output where it is NULL. A file appears whole, under its name, or
 * not at all; one that was there keeps its content until then, its permissions, and its owner and
 * group: where they may not be given to it, it is ours, and the group has no permissions unless it
 * is the same. Symbolic links are followed. Devices, pipes and standard output get all of it at the
 * end: what they have taken when they fail cannot be taken back. 0 or a negative errno; in each
 * case spool_clear().
 */
int spool_open(struct spool *spool, const char *path);
void spool_clear(struct spool *spool);

/* 0 or a negative errno, which may be due to bytes that were given before. */
int spool_write(struct spool *spool, const void *bytes, size_t length);

/* There was room for all that was given. 0 or a negative errno. */
int spool_flush(struct spool *spool);

/* Nothing is seen of it before. 0 or a negative errno. */
int spool_commit(struct spool *spool);
