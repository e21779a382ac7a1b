/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/write-behind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	BLOCK_SIZE = 1024 * 1024,
};

static int write_at(int fd, off_t offset, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t written = pwrite(fd, bytes, length, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		offset += written;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

/* A disk that becomes full takes a part first; the rest is told why not. */
static int wait_for_write(struct write_behind *behind)
{
	struct aiocb *request = &behind->request;
	const struct aiocb *const requests[] = { request };
	size_t written;
	int error;

	if (!behind->is_writing)
		return 0;
	while ((error = aio_error(request)) == EINPROGRESS)
		aio_suspend(requests, LENGTH_OF(requests), NULL);
	behind->is_writing = false;
	written = (size_t)aio_return(request);
	if (error != 0)
		return -error;
	return write_at(request->aio_fildes, request->aio_offset + (off_t)written,
			behind->written + written, request->aio_nbytes - written);
}

static int start_write(struct write_behind *behind, int fd)
{
	uint8_t *block = behind->block;
	int r = wait_for_write(behind);

	if (r < 0)
		return r;
	behind->request = (struct aiocb){
		.aio_fildes = fd,
		.aio_offset = behind->offset,
		.aio_buf = block,
		.aio_nbytes = behind->filled,
		.aio_sigevent.sigev_notify = SIGEV_NONE,
	};
	behind->is_writing = aio_write(&behind->request) == 0;
	/* It needs a thread, which there may be none of. */
	if (!behind->is_writing)
		r = write_at(fd, behind->offset, block, behind->filled);
	behind->block = behind->written;
	behind->written = block;
	behind->offset += (off_t)behind->filled;
	behind->filled = 0;
	return r;
}

int write_behind(struct write_behind *behind, int fd, const void *bytes, size_t length)
{
	const uint8_t *rest = bytes;
	int r = 0;

	while (r == 0 && length > 0) {
		const size_t room = BLOCK_SIZE - behind->filled;
		const size_t step = length < room ? length : room;

		if (!behind->block && !(behind->block = malloc(BLOCK_SIZE)))
			return -ENOMEM;
		memcpy(behind->block + behind->filled, rest, step);
		behind->filled += step;
		rest += step;
		length -= step;
		if (behind->filled == BLOCK_SIZE)
			r = start_write(behind, fd);
	}
	return r;
}

int write_behind_finish(struct write_behind *behind, int fd)
{
	int r = wait_for_write(behind);

	if (r == 0)
		r = write_at(fd, behind->offset, behind->block, behind->filled);
	behind->offset += (off_t)behind->filled;
	behind->filled = 0;
	return r;
}

void write_behind_clear(struct write_behind *behind)
{
	wait_for_write(behind);
	free(behind->block);
	free(behind->written);
	*behind = WRITE_BEHIND_INIT;
}
