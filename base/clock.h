/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clocks, in microseconds. */
#pragma once

#include <stdint.h>
#include <time.h>

enum {
	USEC_PER_MSEC = 1000,
	USEC_PER_SEC = 1000 * USEC_PER_MSEC,
};

/* Microseconds on a clock of clock_gettime(2) that every Linux has, such as CLOCK_MONOTONIC. */
static inline uint64_t clock_microseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000U;
}
