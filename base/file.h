/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What read(2) and write(2) leave to their callers. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Reads until @length bytes are there or the file ends: how many, or a negative errno. */
ssize_t file_read_up_to(int fd, void *bytes, size_t length);

/* Writes all of it; 0 or a negative errno. */
int file_write_all(int fd, const void *bytes, size_t length);
