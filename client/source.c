/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/source.h"

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

int source_fail(const struct source *source, int r)
{
	return failure_say(FAILURE_FILE, _("%s cannot be read: %s"), source->name, strerror(-r));
}

static bool is_standard_input(const char *file)
{
	return strcmp(file, "-") == 0;
}

static bool is_same(const char *file, const char *output)
{
	struct stat of_file, of_output;
	const int r = is_standard_input(file) ? fstat(STDIN_FILENO, &of_file) :
						stat(file, &of_file);

	return r == 0 && stat(output, &of_output) == 0 && S_ISREG(of_output.st_mode) &&
	       of_file.st_dev == of_output.st_dev && of_file.st_ino == of_output.st_ino;
}

int source_check(const char *const *files, size_t count, const char *output)
{
	bool has_standard_input = false;

	for (size_t i = 0; i < count; i++) {
		if (!files[i])
			continue;
		if (is_standard_input(files[i]) && has_standard_input)
			return failure_say(FAILURE_USAGE,
					   _("Only one file can be standard input."));
		has_standard_input = has_standard_input || is_standard_input(files[i]);
		if (output && is_same(files[i], output))
			return failure_say(FAILURE_USAGE,
					   _("%s is read here, and would be lost; give another "
					     "name with -o."),
					   output);
	}
	return 0;
}

int source_open(struct source *source, const char *file)
{
	*source = SOURCE_INIT;
	if (is_standard_input(file)) {
		source->name = _("Standard input");
		source->fd = STDIN_FILENO;
		return 0;
	}
	source->name = file;
	source->fd = source->opened = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return source->fd < 0 ? source_fail(source, -errno) : 0;
}

void source_close(struct source *source)
{
	closep(&source->opened);
	*source = SOURCE_INIT;
}

ssize_t source_read(struct source *source, uint8_t *bytes, size_t length)
{
	return file_read_up_to(source->fd, bytes, length);
}

int source_feed(struct source *source,
		int (*take)(const uint8_t *bytes, size_t length, void *userdata), void *userdata)
{
	CLEANUP(freep) uint8_t *block = malloc(SOURCE_BLOCK_SIZE);
	ssize_t length = SOURCE_BLOCK_SIZE;
	int failure = block ? 0 : failure_no_memory();

	while (failure == 0 && length == SOURCE_BLOCK_SIZE) {
		length = source_read(source, block, SOURCE_BLOCK_SIZE);
		failure = length < 0 ? source_fail(source, (int)length) :
				       take(block, (size_t)length, userdata);
	}
	return failure;
}
