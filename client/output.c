/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
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

int output_open(struct output *output)
{
	output->stream = open_memstream(&output->bytes, &output->length);
	return output->stream ? 0 : failure_no_memory();
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

static int write_and_close(const struct output *output, int fd, bool to_disk)
{
	int r = write_all(fd, output->bytes, output->length);

	if (r == 0 && to_disk && fsync(fd) < 0)
		r = -errno;
	/* Some things come out only now, as from a full disk of another machine. */
	if (close(fd) < 0 && errno != EINTR && r == 0)
		r = -errno;
	return r;
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
	sigset_t all, before;
	int fd, r;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0) {
		beside = NULL; /* asprintf leaves it undefined */
		return -ENOMEM;
	}
	/* A signal between the first byte and the last would leave half of them. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	fd = mkostemp(beside, O_CLOEXEC);
	r = fd < 0 || fchmod(fd, mode) < 0 ? -errno : 0;
	if (fd >= 0) {
		const int written = write_and_close(output, fd, true);

		r = r < 0 ? r : written;
	}
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0 && fd >= 0)
		unlink(beside);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int write_to_path(const struct output *output, const char *path)
{
	CLEANUP(freep) char *target = NULL;
	struct stat there;
	int fd;

	if (stat(path, &there) < 0)
		return errno == ENOENT ? write_whole(output, path, new_file_mode()) : -errno;
	if (!S_ISREG(there.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return fd < 0 ? -errno : write_and_close(output, fd, false);
	}
	target = realpath(path, NULL);
	if (!target || access(target, W_OK) < 0)
		return -errno;
	return write_whole(output, target, there.st_mode & PERMISSIONS);
}

int output_write(struct output *output, const char *path)
{
	int r;

	/* A stream in memory fails for want of memory only. */
	if (ferror(output->stream) || fflush(output->stream) != 0)
		return failure_no_memory();
	r = path ? write_to_path(output, path) : write_and_close(output, STDOUT_FILENO, false);
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
