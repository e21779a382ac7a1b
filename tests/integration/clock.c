/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For LD_PRELOAD: the time of day is what a test says in the file $CLOCK (seconds since 1970, a
 * native int64_t), and stands still; a second one says how long the machine has slept besides.
 * libfaketime would spoil the monotonic clock's timerfd, too.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const struct {
	_Atomic(int64_t) now, slept;
} *seconds;

static __attribute__((constructor)) void clock_map(void)
{
	const char *path = getenv("CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped = MAP_FAILED;

	if (fd >= 0)
		mapped = mmap(NULL, sizeof(*seconds), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		abort();
	seconds = mapped;
	close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int r = ((__typeof__(clock_gettime) *)dlsym(RTLD_NEXT, "clock_gettime"))(clock, now);

	if (clock == CLOCK_REALTIME)
		*now = (struct timespec){ .tv_sec = seconds->now };
	if (clock == CLOCK_BOOTTIME)
		now->tv_sec += seconds->slept;
	return r;
}

time_t time(time_t *ret_now)
{
	if (ret_now)
		*ret_now = seconds->now;
	return seconds->now;
}
