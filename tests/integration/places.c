/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For LD_PRELOAD: counts the calls by which a process talks to pcscd or to files below
 * $STATE_DIRECTORY, and kills it before one of them. The file $PLACES, a struct places, is mapped;
 * the test writes there which place that is, and reads what came before it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CALL_MAX = 1000,
	NAME_SIZE = 16,
};

static struct places {
	atomic_uint kill_at; /* 1: the first; 0: nothing is counted */
	atomic_uint count;
	char names[CALL_MAX][NAME_SIZE];
} *places;

static __attribute__((constructor)) void places_map(void)
{
	const char *path = getenv("PLACES");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped = MAP_FAILED;

	if (fd >= 0)
		mapped = mmap(NULL, sizeof(*places), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		places = mapped;
	if (fd >= 0)
		close(fd);
}

static bool is_pcscd(int fd)
{
	struct sockaddr_un peer = { 0 };
	socklen_t length = sizeof(peer) - 1;

	return getpeername(fd, (struct sockaddr *)&peer, &length) == 0 &&
	       peer.sun_family == AF_UNIX && strstr(peer.sun_path, "pcscd");
}

static bool is_state_path(const char *path)
{
	const char *directory = getenv("STATE_DIRECTORY");

	return directory && strncmp(path, directory, strlen(directory)) == 0;
}

static bool is_state(int fd)
{
	char link[64], path[4096];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	return is_state_path(path);
}

static void step(const char *name)
{
	unsigned int count = atomic_fetch_add(&places->count, 1) + 1;

	if (count <= CALL_MAX)
		strcpy(places->names[count - 1], name);
	if (count == places->kill_at)
		kill(getpid(), SIGKILL);
}

static bool is_armed(void)
{
	return places && places->kill_at != 0;
}

static void step_fd(const char *name, int fd)
{
	int error = errno;

	if (is_armed() && (is_pcscd(fd) || is_state(fd)))
		step(name);
	errno = error;
}

static void step_path(const char *name, int directory, const char *path)
{
	int error = errno;

	if (is_armed() && (path[0] == '/' ? is_state_path(path) : is_state(directory)))
		step(name);
	errno = error;
}

#define CALL(name, arguments) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name)) arguments

#define OF_FD(type, name, parameters, fd, arguments) \
	type name parameters { step_fd(#name, fd); return CALL(name, arguments); }
#define OF_PATH(type, name, parameters, directory, path, arguments) \
	type name parameters { step_path(#name, directory, path); return CALL(name, arguments); }
#define OPENS(name, parameters, directory, arguments) \
	int name parameters \
	{ \
		va_list list; \
		mode_t mode; \
\
		va_start(list, flags); \
		mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0; \
		va_end(list); \
		step_path(#name, directory, path); \
		return CALL(name, arguments); \
	}

OF_FD(ssize_t, send, (int fd, const void *buffer, size_t size, int flags),
	fd, (fd, buffer, size, flags))
OF_FD(ssize_t, recv, (int fd, void *buffer, size_t size, int flags), fd, (fd, buffer, size, flags))
OF_FD(ssize_t, read, (int fd, void *buffer, size_t size), fd, (fd, buffer, size))
OF_FD(ssize_t, write, (int fd, const void *buffer, size_t size), fd, (fd, buffer, size))
OF_FD(ssize_t, pread, (int fd, void *buffer, size_t size, off_t offset),
	fd, (fd, buffer, size, offset))
OF_FD(ssize_t, pwrite, (int fd, const void *buffer, size_t size, off_t offset),
	fd, (fd, buffer, size, offset))
OF_FD(int, fstat, (int fd, struct stat *status), fd, (fd, status))
OF_FD(int, fsync, (int fd), fd, (fd))
OF_FD(int, fdatasync, (int fd), fd, (fd))
OF_FD(int, ftruncate, (int fd, off_t size), fd, (fd, size))
OF_FD(int, flock, (int fd, int operation), fd, (fd, operation))
OF_FD(int, fchmod, (int fd, mode_t mode), fd, (fd, mode))
OF_FD(int, close, (int fd), fd, (fd))
OF_PATH(int, rename, (const char *path, const char *to), AT_FDCWD, path, (path, to))
OF_PATH(int, renameat, (int from, const char *path, int to, const char *name),
	from, path, (from, path, to, name))
OF_PATH(int, renameat2, (int from, const char *path, int to, const char *name, unsigned int flags),
	from, path, (from, path, to, name, flags))
OF_PATH(int, unlink, (const char *path), AT_FDCWD, path, (path))
OF_PATH(int, unlinkat, (int directory, const char *path, int flags),
	directory, path, (directory, path, flags))
OF_PATH(int, linkat, (int from, const char *path, int to, const char *name, int flags),
	from, path, (from, path, to, name, flags))
OPENS(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENS(openat, (int directory, const char *path, int flags, ...),
	directory, (directory, path, flags, mode))
