/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What both signing programs do alike: the PIN comes from standard input, and each signature is one
 * line, its time.
 */
#pragma once

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	SIGNING_PIN_MAX = 16,
	SIGNING_HASH_LENGTH = 32,
};

static inline size_t signing_read_pin(uint8_t pin[SIGNING_PIN_MAX])
{
	ssize_t length = read(STDIN_FILENO, pin, SIGNING_PIN_MAX);

	if (length <= 0)
		errx(EXIT_FAILURE, "no PIN on standard input");
	return (size_t)length;
}

/* CLOCK_MONOTONIC in µs, as in the card's record. */
static inline long long signing_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static inline void signing_print_time(void)
{
	printf("%lld\n", signing_time());
}
