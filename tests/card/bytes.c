/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void bytes_clear(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){0};
}

void bytes_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

void bytes_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int bytes_set(struct bytes *b, const void *data, size_t len, size_t filler)
{
	uint8_t *copy = malloc(len + filler + 1);

	if (!copy)
		return -ENOMEM;

	if (len)
		memcpy(copy, data, len);
	memset(copy + len, 0xff, filler);
	bytes_clear(b);
	*b = (struct bytes){copy, len + filler};
	return 0;
}

static int read_all(int fd, uint8_t *data, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

int bytes_read_file(struct bytes *b, const char *path, size_t max)
{
	_cleanup_(bytes_free_pointer) uint8_t *data = malloc(max + 1);
	_cleanup_(bytes_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	int r;

	if (fd < 0)
		return -errno;
	if (!data)
		return -ENOMEM;

	r = read_all(fd, data, max + 1, &len);
	if (r < 0)
		return r;
	if (len > max)
		return -EFBIG;
	return bytes_set(b, data, len, 0);
}

int bytes_read_line(char *text, size_t size, const char *path)
{
	_cleanup_(bytes_clear) struct bytes file = {0};
	int r = bytes_read_file(&file, path, size);

	if (r < 0)
		return r;
	while (file.len && (file.data[file.len - 1] == '\n' || file.data[file.len - 1] == '\r'))
		file.len--;
	if (file.len >= size)
		return -EFBIG;

	memcpy(text, file.data, file.len);
	text[file.len] = '\0';
	return 0;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int bytes_write_file(const void *data, size_t len, const char *path, mode_t mode)
{
	_cleanup_(bytes_free_pointer) char *temporary = NULL;
	_cleanup_(bytes_close_fd) int fd = -1;
	int r;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;

	r = write_all(fd, data, len);
	if (r == 0 && (fchmod(fd, mode) < 0 || rename(temporary, path) < 0))
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r;
}
