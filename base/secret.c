/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One locked pool for the whole process, handed out in chunks: the kernel locks pages, secrets are
 * a few bytes.
 */
#include "base/secret.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	CHUNK_SIZE = 64,
	/*
	 * More than one user can have in use with 16 readers: 128 calls of two secrets each, 16
	 * leases of each card, and for each worker a command, a code with its PIN and 5 digests.
	 */
	CHUNK_COUNT = 768,
};

struct chunk {
	alignas(max_align_t) uint8_t bytes[CHUNK_SIZE];
};

static struct {
	pthread_mutex_t mutex;
	struct chunk *chunks;
	bool used[CHUNK_COUNT];
} pool = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static size_t chunks_for(size_t capacity)
{
	return (sizeof(struct secret) + capacity + CHUNK_SIZE - 1) / CHUNK_SIZE;
}

/* The pool's pages, mapped and locked at first use. */
static struct chunk *pool_chunks(void)
{
	const size_t size = CHUNK_COUNT * sizeof(struct chunk);
	void *pages;

	if (pool.chunks)
		return pool.chunks;

	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return NULL;
	if (mlock(pages, size) < 0 || madvise(pages, size, MADV_DONTDUMP) < 0) {
		munmap(pages, size);
		return NULL;
	}
	return pool.chunks = pages;
}

/* The first run of @count free chunks, or CHUNK_COUNT. */
static size_t pool_find(size_t count)
{
	size_t run = 0;

	for (size_t i = 0; i < CHUNK_COUNT; i++) {
		run = pool.used[i] ? 0 : run + 1;
		if (run == count)
			return i + 1 - count;
	}
	return CHUNK_COUNT;
}

struct secret *secret_new(size_t capacity)
{
	struct secret *secret = NULL;
	size_t count, first;

	if (capacity > CHUNK_SIZE * CHUNK_COUNT)
		return NULL;
	count = chunks_for(capacity);

	pthread_mutex_lock(&pool.mutex);
	first = pool_chunks() ? pool_find(count) : CHUNK_COUNT;
	if (first < CHUNK_COUNT) {
		memset(pool.used + first, true, count);
		secret = (struct secret *)(void *)&pool.chunks[first];
		*secret = (struct secret){ .capacity = capacity, .bytes = (uint8_t *)(secret + 1) };
	}
	pthread_mutex_unlock(&pool.mutex);
	return secret;
}

struct secret *secret_free(struct secret *secret)
{
	size_t count;

	if (!secret)
		return NULL;
	count = chunks_for(secret->capacity);

	pthread_mutex_lock(&pool.mutex);
	explicit_bzero(secret, count * CHUNK_SIZE);
	memset(pool.used + ((struct chunk *)(void *)secret - pool.chunks), false, count);
	pthread_mutex_unlock(&pool.mutex);
	return NULL;
}

void secret_freep(struct secret **secret)
{
	*secret = secret_free(*secret);
}

struct secret *secret_copy(const struct secret *secret)
{
	struct secret *copy = secret_new(secret->capacity);

	if (!copy)
		return NULL;
	memcpy(copy->bytes, secret->bytes, secret->length);
	copy->length = secret->length;
	return copy;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	uint8_t difference = 0;

	if (a->length != b->length)
		return false;
	for (size_t i = 0; i < a->length; i++)
		difference |= a->bytes[i] ^ b->bytes[i];
	return difference == 0;
}

int secret_write(const struct secret *secret, int pipe)
{
	const ssize_t written = write(pipe, secret->bytes, secret->length);

	if (written == (ssize_t)secret->length)
		return 0;
	return written < 0 ? -errno : -EIO;
}

int secret_protect_process(void)
{
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}
