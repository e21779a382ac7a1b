/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/write-behind.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

enum {
	MIB = 1024 * 1024,
};

static bool threads_are_missing;

int aio_write(struct aiocb *request)
{
	int (*libc)(struct aiocb *request) = (int (*)(struct aiocb *))dlsym(RTLD_NEXT, "aio_write");

	if (!threads_are_missing)
		return libc(request);
	errno = EAGAIN;
	return -1;
}

static int open_file(void)
{
	const int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static uint8_t *make_bytes(size_t length)
{
	uint8_t *bytes = malloc(length);

	assert_non_null(bytes);
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(i * 2654435761U >> 24);
	return bytes;
}

static void assert_holds(int fd, const uint8_t *bytes, size_t length)
{
	CLEANUP(freep) uint8_t *held = malloc(length + 1);

	assert_int_equal(pread(fd, held, length + 1, 0), length);
	assert_memory_equal(held, bytes, length);
}

static void check_written(size_t length, size_t step)
{
	CLEANUP(write_behind_clear) struct write_behind behind = WRITE_BEHIND_INIT;
	CLEANUP(freep) uint8_t *bytes = make_bytes(length);
	CLEANUP(closep) int fd = open_file();

	for (size_t done = 0; done < length; done += step)
		assert_int_equal(write_behind(&behind, fd, bytes + done,
					      length - done < step ? length - done : step),
				 0);
	assert_int_equal(write_behind_finish(&behind, fd), 0);
	assert_holds(fd, bytes, length);
}

static void what_is_written_is_what_was_given(void **state)
{
	static const size_t lengths[] = { 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 5 * MIB + 17 };
	static const size_t steps[] = { 65541, MIB, 2 * MIB + 3 };

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(lengths); i++)
		for (size_t j = 0; j < LENGTH_OF(steps); j++)
			check_written(lengths[i], steps[j]);
}

static void where_there_are_no_threads_it_is_written_at_once(void **state)
{
	threads_are_missing = true;
	what_is_written_is_what_was_given(state);
	threads_are_missing = false;
}

static void nothing_is_written_of_nothing(void **state)
{
	CLEANUP(write_behind_clear) struct write_behind behind = WRITE_BEHIND_INIT;
	CLEANUP(closep) int fd = open_file();

	(void)state;
	assert_int_equal(write_behind(&behind, fd, "", 0), 0);
	assert_int_equal(write_behind_finish(&behind, fd), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
}

/* Whether it is met at the first block, at a later one or at the end; blocks may be cut. */
static int write_to_small_file(size_t length, rlim_t room)
{
	CLEANUP(write_behind_clear) struct write_behind behind = WRITE_BEHIND_INIT;
	CLEANUP(freep) uint8_t *bytes = make_bytes(length);
	CLEANUP(closep) int fd = open_file();
	struct rlimit before, small;
	int r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ room, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = write_behind(&behind, fd, bytes, length);
	if (r == 0)
		r = write_behind_finish(&behind, fd);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	return r;
}

static void a_file_that_cannot_grow_is_told_sooner_or_later(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(write_to_small_file(5 * MIB, MIB / 2), -EFBIG);
	assert_int_equal(write_to_small_file(5 * MIB, MIB), -EFBIG);
	assert_int_equal(write_to_small_file(5 * MIB, 4 * MIB + MIB / 2), -EFBIG);
	assert_int_equal(write_to_small_file(5 * MIB + 2, 5 * MIB + 1), -EFBIG);
	assert_int_equal(write_to_small_file(5 * MIB, 5 * MIB), 0);
}

static void who_gives_up_leaves_no_write_behind(void **state)
{
	CLEANUP(write_behind_clear) struct write_behind behind = WRITE_BEHIND_INIT;
	CLEANUP(freep) uint8_t *bytes = make_bytes(2 * MIB);
	CLEANUP(closep) int fd = open_file();

	(void)state;
	assert_int_equal(write_behind(&behind, fd, bytes, 2 * MIB), 0);
	write_behind_clear(&behind);
	assert_holds(fd, bytes, 2 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_was_given),
		cmocka_unit_test(where_there_are_no_threads_it_is_written_at_once),
		cmocka_unit_test(nothing_is_written_of_nothing),
		cmocka_unit_test(a_file_that_cannot_grow_is_told_sooner_or_later),
		cmocka_unit_test(who_gives_up_leaves_no_write_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
