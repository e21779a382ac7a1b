/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <unistd.h>

ssize_t file_read_up_to(int fd, void *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		const ssize_t got = read(fd, (char *)bytes + done, length - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int file_write_all(int fd, const void *bytes, size_t length)
{
	const char *rest = bytes;

	while (length > 0) {
		const ssize_t put = write(fd, rest, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		rest += put;
		length -= (size_t)put;
	}
	return 0;
}
