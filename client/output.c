/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/failure.h"

enum {
	NEW_FILE_MODE = 0666, /* less the umask */
	PERMISSIONS = 0777,
};

bool output_open(struct output *output)
{
	output->stream = open_memstream(&output->bytes, &output->length);
	return output->stream;
}

void output_clear(struct output *output)
{
	if (output->stream)
		fclose(output->stream);
	free(output->bytes);
	*output = OUTPUT_INIT;
}

/* 0 or a negative errno. */
static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Closes and says what only then comes out, as from a full disk of another machine. */
static int close_checked(int fd)
{
	return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

static int write_to_open(const struct output *output, int fd)
{
	int r = write_all(fd, output->bytes, output->length);
	int closed = close_checked(fd);

	return r < 0 ? r : closed;
}

static mode_t new_file_mode(void)
{
	const mode_t mask = umask(0);

	umask(mask);
	return NEW_FILE_MODE & ~mask;
}

/* To a file beside @path that then takes its place. */
static int write_whole(const struct output *output, const char *path, mode_t mode)
{
	CLEANUP(freep) char *beside = NULL;
	int fd, r = 0;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0) {
		beside = NULL; /* asprintf leaves it undefined */
		return -ENOMEM;
	}
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;

	if (fchmod(fd, mode) < 0 || write_all(fd, output->bytes, output->length) < 0 ||
	    fsync(fd) < 0)
		r = -errno;
	if (close_checked(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(beside);
	return r;
}

/* A signal between the first byte and the last would leave half of them. */
static int write_whole_undisturbed(const struct output *output, const char *path, mode_t mode)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r = write_whole(output, path, mode);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int write_to_path(const struct output *output, const char *path)
{
	CLEANUP(freep) char *target = NULL;
	struct stat there;
	int fd;

	if (stat(path, &there) < 0)
		return errno == ENOENT ? write_whole_undisturbed(output, path, new_file_mode()) :
					 -errno;
	if (!S_ISREG(there.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return fd < 0 ? -errno : write_to_open(output, fd);
	}
	target = realpath(path, NULL);
	if (!target)
		return -errno;
	if (access(target, W_OK) < 0)
		return -errno;
	return write_whole_undisturbed(output, target, there.st_mode & PERMISSIONS);
}

int output_write(struct output *output, const char *path)
{
	int r;

	/* A stream in memory fails for want of memory only. */
	if (ferror(output->stream) || fflush(output->stream) != 0)
		return failure_no_memory();
	r = path ? write_to_path(output, path) : write_to_open(output, STDOUT_FILENO);
	if (r < 0)
		return failure_say(FAILURE_FILE, "%s cannot be written: %s",
				   path ? path : "Standard output", strerror(-r));
	return 0;
}

int output_refuse_terminal(const char *path)
{
	if (path || !isatty(STDOUT_FILENO))
		return 0;
	return failure_say(
		FAILURE_USAGE,
		"That is binary and no use in a terminal; write it to a file with -o FILE.");
}
