/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * O_NONBLOCK belongs to the open file that the caller shares with us, and could be taken away
 * between two of our steps. So each read says for itself that it does not wait.
 */
#include "dbus/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

enum {
	DEADLINE_USEC = 2 * USEC_PER_SEC,
};

/* Returns what read(2) returns, at once. */
typedef ssize_t read_function(int fd, void *bytes, size_t length, size_t offset);

struct descriptor_read {
	int fd;
	read_function *read;
	size_t limit;
	struct secret *secret; /* holds one byte more than the limit, to see that there is one */
	sd_event_source *ready;
	sd_event_source *deadline;
	descriptor_done *done;
	void *userdata;
};

static ssize_t read_pipe(int fd, void *bytes, size_t length, size_t offset)
{
	const struct iovec place = { .iov_base = bytes, .iov_len = length };

	return vmsplice(fd, &place, 1, SPLICE_F_NONBLOCK);
}

static ssize_t read_socket(int fd, void *bytes, size_t length, size_t offset)
{
	return recv(fd, bytes, length, MSG_DONTWAIT);
}

/* From its start, wherever the writer has left the file's position. */
static ssize_t read_memfd(int fd, void *bytes, size_t length, size_t offset)
{
	return pread(fd, bytes, length, (off_t)offset);
}

static bool is_stream(int fd)
{
	socklen_t length = sizeof(int);
	int type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

/*
 * How the descriptor is read; NULL: it is none that can be. Each kind is told by what only it can
 * do, which no file system is asked about: one that the caller serves could hold us up.
 */
static read_function *descriptor_function(int fd)
{
	const int flags = fcntl(fd, F_GETFL);
	int seals;

	if (flags < 0 || flags & O_PATH)
		return NULL;
	/* A pipe that is open for writing too never ends. */
	if (fcntl(fd, F_GETPIPE_SZ) >= 0)
		return (flags & O_ACCMODE) == O_RDONLY ? read_pipe : NULL;
	if (is_stream(fd))
		return read_socket;
	seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && seals & F_SEAL_WRITE ? read_memfd : NULL;
}

int descriptor_check(int fd)
{
	return descriptor_function(fd) ? 0 : ANSWER_INVALID_INPUT;
}

struct descriptor_read *descriptor_read_cancel(struct descriptor_read *read)
{
	if (!read)
		return NULL;
	sd_event_source_disable_unref(read->ready);
	sd_event_source_disable_unref(read->deadline);
	secret_free(read->secret);
	closep(&read->fd);
	free(read);
	return NULL;
}

static void descriptor_read_freep(struct descriptor_read **read)
{
	*read = descriptor_read_cancel(*read);
}

static int descriptor_finish(struct descriptor_read *read, int result)
{
	struct secret *secret = result == 0 ? TAKE(read->secret) : NULL;
	descriptor_done *done = read->done;
	void *userdata = read->userdata;

	descriptor_read_cancel(read);
	done(result, secret, userdata);
	return 0;
}

/* Reads what is there. -EAGAIN: there may be more; anything else is how it ended. */
static int descriptor_take(struct descriptor_read *read)
{
	struct secret *secret = read->secret;

	for (;;) {
		const size_t room = secret->capacity - secret->length;
		const ssize_t length = read->read(read->fd, secret->bytes + secret->length, room,
						  secret->length);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return errno == EAGAIN ? -EAGAIN : ANSWER_INVALID_INPUT;
		if (length == 0)
			return secret->length > 0 ? 0 : ANSWER_PIN_FORMAT;
		secret->length += (size_t)length;
		if (secret->length > read->limit)
			return ANSWER_PIN_FORMAT;
	}
}

static int descriptor_step(struct descriptor_read *read)
{
	const int result = descriptor_take(read);

	return result == -EAGAIN ? 0 : descriptor_finish(read, result);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	return descriptor_step(userdata);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	return descriptor_finish(userdata, ANSWER_INVALID_INPUT);
}

static int descriptor_watch(struct descriptor_read *read, sd_event *event)
{
	int r;

	r = sd_event_add_time_relative(event, &read->deadline, CLOCK_MONOTONIC, DEADLINE_USEC, 0,
				       on_deadline, read);
	return r < 0 ? r : sd_event_add_io(event, &read->ready, read->fd, EPOLLIN, on_io, read);
}

int descriptor_read_secret(sd_event *event, int fd, size_t limit, descriptor_done *done,
			   void *userdata, struct descriptor_read **ret_read)
{
	CLEANUP(descriptor_read_freep) struct descriptor_read *read = calloc(1, sizeof(*read));
	int r;

	if (!read) {
		closep(&fd);
		return -ENOMEM;
	}
	*read = (struct descriptor_read){
		.fd = fd,
		.read = descriptor_function(fd),
		.limit = limit,
		.secret = secret_new(limit + 1),
		.done = done,
		.userdata = userdata,
	};
	if (!read->secret)
		return -ENOMEM;
	if (!read->read)
		return -EINVAL;
	*ret_read = NULL;
	/* The usual caller has written the PIN before its call; a memfd is always whole. */
	r = descriptor_take(read);
	if (r != -EAGAIN)
		return descriptor_finish(TAKE(read), r);
	r = descriptor_watch(read, event);
	if (r < 0)
		return r;
	*ret_read = TAKE(read);
	return 0;
}
