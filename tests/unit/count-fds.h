/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether descriptors are left behind. */
#pragma once

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Entries of /proc/self/fd: compare with another count. */
static inline int count_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}
