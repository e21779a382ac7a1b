/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log-memory.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

static const uint64_t hour = 60 * 60 * (uint64_t)USEC_PER_SEC;

static struct {
	uint64_t digest;
	uint64_t end; /* of the hour, by CLOCK_BOOTTIME; over: free */
} told[LOG_RARE_MAX];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* FNV-1a. */
static uint64_t digest_of(const char *line)
{
	uint64_t digest = 0xCBF29CE484222325;

	for (; *line; line++)
		digest = (digest ^ (unsigned char)*line) * 0x100000001B3;
	return digest;
}

static bool take(uint64_t digest, uint64_t now)
{
	size_t room = LENGTH_OF(told);

	for (size_t i = 0; i < LENGTH_OF(told); i++) {
		if (told[i].end <= now)
			room = i;
		else if (told[i].digest == digest)
			return false;
	}
	if (room == LENGTH_OF(told))
		return false;
	told[room].digest = digest;
	told[room].end = now + hour;
	return true;
}

bool log_memory_take(const char *line)
{
	const uint64_t now = clock_microseconds(CLOCK_BOOTTIME);
	bool taken;

	pthread_mutex_lock(&mutex);
	taken = take(digest_of(line), now);
	pthread_mutex_unlock(&mutex);
	return taken;
}

void log_memory_clear(void)
{
	pthread_mutex_lock(&mutex);
	memset(told, 0, sizeof(told));
	pthread_mutex_unlock(&mutex);
}
