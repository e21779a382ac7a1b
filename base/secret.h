/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secret bytes: PINs, reset codes and the APDUs that carry them. They live in memory that is never
 * swapped and never dumped, and are wiped when they are freed. All functions may be called from any
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret {
	size_t length; /* bytes in use */
	size_t capacity;
	uint8_t *bytes;
};

/*
 * An empty secret that can hold @capacity bytes; the caller frees it with secret_free(). NULL: that
 * is more than the pool holds or has left, or memory cannot be locked (LimitMEMLOCK).
 */
struct secret *secret_new(size_t capacity);

/* Wipes and frees; NULL is allowed. Always returns NULL. */
struct secret *secret_free(struct secret *secret);
void secret_freep(struct secret **secret);

/* A copy, the caller's to free; NULL as for secret_new(). */
struct secret *secret_copy(const struct secret *secret);

/* In the same time whatever the bytes are. */
bool secret_equal(const struct secret *a, const struct secret *b);

/*
 * Writes all of it to a pipe that is empty: so few bytes are in it at once, or not at all. 0 or a
 * negative errno.
 */
int secret_write(const struct secret *secret, int pipe);

/* No core files and no ptrace by the same user for this process. 0 or a negative errno. */
int secret_protect_process(void);
