/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "client/failure.h"
#include "client/language.h"
#include "client/spool.h"

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

/* Some things come out only when it is closed, as from a full disk of another machine. */
static int write_and_close(const struct output *output, int fd)
{
	const int r = file_write_all(fd, output->bytes, output->length);

	return close(fd) < 0 && errno != EINTR && r == 0 ? -errno : r;
}

static bool is_device(const char *path)
{
	struct stat there;

	return stat(path, &there) == 0 && !S_ISREG(there.st_mode);
}

static bool is_folder(const char *path)
{
	struct stat there;

	return stat(path, &there) == 0 && S_ISDIR(there.st_mode);
}

static int write_to_path(const struct output *output, const char *path)
{
	CLEANUP(spool_clear) struct spool spool = SPOOL_INIT;
	int r;

	if (is_device(path)) {
		const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

		return fd < 0 ? -errno : write_and_close(output, fd);
	}
	r = spool_open(&spool, path);
	if (r == 0)
		r = spool_write(&spool, output->bytes, output->length);
	return r == 0 ? spool_commit(&spool) : r;
}

int output_fail(const char *path, int r)
{
	return failure_say(FAILURE_FILE, _("%s cannot be written: %s"),
			   path ? path : _("Standard output"), strerror(-r));
}

/* A stream in memory fails for want of memory only. */
static bool is_whole(struct output *output)
{
	return !ferror(output->stream) && fflush(output->stream) == 0;
}

int output_write(struct output *output, const char *path)
{
	int r;

	if (!is_whole(output))
		return failure_no_memory();
	r = path ? write_to_path(output, path) : write_and_close(output, STDOUT_FILENO);
	return r < 0 ? output_fail(path, r) : 0;
}

int output_tell(struct output *output)
{
	if (!is_whole(output))
		return failure_no_memory();
	/* Nobody could be told that it failed. */
	file_write_all(STDERR_FILENO, output->bytes, output->length);
	return 0;
}

int output_check(const char *path)
{
	CLEANUP(spool_clear) struct spool spool = SPOOL_INIT;
	int r = 0;

	if (path && is_folder(path))
		r = -EISDIR;
	else if (path && is_device(path))
		r = access(path, W_OK) < 0 ? -errno : 0;
	else if (path)
		r = spool_open(&spool, path);
	return r < 0 ? output_fail(path, r) : 0;
}

int output_refuse_terminal(const char *path)
{
	if (path || !isatty(STDOUT_FILENO))
		return 0;
	return failure_say(
		FAILURE_USAGE,
		_("The output is binary and of no use in a terminal; write it to a file with -o "
		  "FILE."));
}
