/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-steps.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TOLD_MAX = 64,
	JOURNAL_SIZE = 16384,
	ENTRY_SIZE = 1024,
};

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	char journal[JOURNAL_SIZE], copy[JOURNAL_SIZE];
	struct {
		const char *name;
		long answer;
	} told[TOLD_MAX]; /* in order */
	size_t told_count;
	const char *block; /* NULL: no step is to wait */
	bool blocked;
} steps = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fake: %s\nso far: %s\n", what, steps.journal);
	abort();
}

void fake_reset(void)
{
	pthread_mutex_lock(&steps.mutex);
	must(!steps.blocked, "reset while a step is blocked");
	steps.journal[0] = '\0';
	steps.told_count = 0;
	steps.block = NULL;
	pthread_mutex_unlock(&steps.mutex);
}

void fake_answer(const char *name, long answer)
{
	pthread_mutex_lock(&steps.mutex);
	must(steps.told_count < TOLD_MAX, "told too much");
	steps.told[steps.told_count].name = name;
	steps.told[steps.told_count++].answer = answer;
	pthread_cond_broadcast(&steps.changed);
	pthread_mutex_unlock(&steps.mutex);
}

void fake_block(const char *name)
{
	pthread_mutex_lock(&steps.mutex);
	must(!steps.block, "two steps to block");
	steps.block = name;
	pthread_mutex_unlock(&steps.mutex);
}

void fake_wait_blocked(void)
{
	pthread_mutex_lock(&steps.mutex);
	while (!steps.blocked)
		pthread_cond_wait(&steps.changed, &steps.mutex);
	pthread_mutex_unlock(&steps.mutex);
}

void fake_unblock(void)
{
	pthread_mutex_lock(&steps.mutex);
	must(steps.blocked, "no step is blocked");
	steps.blocked = false;
	pthread_cond_broadcast(&steps.changed);
	pthread_mutex_unlock(&steps.mutex);
}

const char *fake_journal(void)
{
	pthread_mutex_lock(&steps.mutex);
	memcpy(steps.copy, steps.journal, sizeof(steps.copy));
	pthread_mutex_unlock(&steps.mutex);
	return steps.copy;
}

/* With the mutex. */
static void write_down(const char *entry)
{
	size_t length = strlen(steps.journal);

	must(length + strlen(entry) + 2 <= JOURNAL_SIZE, "too many steps; a busy loop?");
	snprintf(steps.journal + length, JOURNAL_SIZE - length, "%s%s", length > 0 ? " " : "", entry);
}

/* With the mutex. */
static bool take_told(const char *name, long *ret_answer)
{
	for (size_t i = 0; i < steps.told_count; i++) {
		if (strcmp(steps.told[i].name, name) != 0)
			continue;
		*ret_answer = steps.told[i].answer;
		steps.told_count--;
		memmove(&steps.told[i], &steps.told[i + 1], (steps.told_count - i) * sizeof(steps.told[0]));
		return true;
	}
	return false;
}

/* With the mutex. */
static void wait_if_told(const char *name)
{
	if (!steps.block || strcmp(steps.block, name) != 0)
		return;
	steps.block = NULL;
	steps.blocked = true;
	pthread_cond_broadcast(&steps.changed);
	while (steps.blocked)
		pthread_cond_wait(&steps.changed, &steps.mutex);
}

static long take_step(const char *name, const char *entry)
{
	long answer = 0;

	pthread_mutex_lock(&steps.mutex);
	write_down(entry);
	wait_if_told(name);
	take_told(name, &answer);
	pthread_mutex_unlock(&steps.mutex);
	return answer;
}

long fake_step(const char *name)
{
	return take_step(name, name);
}

long fake_step_with(const char *name, const char *details, ...)
{
	char text[ENTRY_SIZE], entry[2 * ENTRY_SIZE];
	va_list arguments;

	va_start(arguments, details);
	vsnprintf(text, sizeof(text), details, arguments);
	va_end(arguments);
	snprintf(entry, sizeof(entry), "%s(%s)", name, text);
	return take_step(name, entry);
}

long fake_step_when_told(const char *name)
{
	long answer;

	pthread_mutex_lock(&steps.mutex);
	write_down(name);
	while (!take_told(name, &answer))
		pthread_cond_wait(&steps.changed, &steps.mutex);
	pthread_mutex_unlock(&steps.mutex);
	return answer;
}
