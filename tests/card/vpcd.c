/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/vpcd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static size_t message_len(const struct vpcd *vpcd)
{
	return VPCD_LENGTH_LEN + (size_t)(vpcd->buffer[0] << 8 | vpcd->buffer[1]);
}

static void enable(int fd, int option)
{
	setsockopt(fd, IPPROTO_TCP, option, &(int){1}, sizeof(int));
}

void vpcd_init(struct vpcd *vpcd, uint16_t port)
{
	vpcd->port = port;
	vpcd->fd = -1;
	vpcd->connecting = false;
	vpcd->len = 0;
}

void vpcd_close(struct vpcd *vpcd)
{
	if (vpcd->fd >= 0)
		close(vpcd->fd);
	vpcd_init(vpcd, vpcd->port);
}

int vpcd_connect(struct vpcd *vpcd)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(vpcd->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	vpcd_close(vpcd);
	vpcd->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (vpcd->fd < 0)
		return -errno;
	enable(vpcd->fd, TCP_NODELAY);
	enable(vpcd->fd, TCP_QUICKACK);
	if (connect(vpcd->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	if (errno == EINPROGRESS) {
		vpcd->connecting = true;
		return 0;
	}

	int r = -errno;

	vpcd_close(vpcd);
	return r;
}

int vpcd_connected(struct vpcd *vpcd)
{
	int fault = 0;
	socklen_t len = sizeof(fault);

	if (getsockopt(vpcd->fd, SOL_SOCKET, SO_ERROR, &fault, &len) < 0)
		fault = errno;
	vpcd->connecting = false;
	if (fault)
		vpcd_close(vpcd);
	return -fault;
}

int vpcd_receive(struct vpcd *vpcd)
{
	ssize_t n = recv(vpcd->fd, vpcd->buffer + vpcd->len, sizeof(vpcd->buffer) - vpcd->len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	vpcd->len += (size_t)n;
	/* The kernel forgets it; without it the reader's second write waits 40 ms for an ACK. */
	enable(vpcd->fd, TCP_QUICKACK);
	return 0;
}

bool vpcd_peek(const struct vpcd *vpcd, const uint8_t **ret_body, size_t *ret_len)
{
	if (vpcd->len < VPCD_LENGTH_LEN || vpcd->len < message_len(vpcd))
		return false;
	*ret_body = vpcd->buffer + VPCD_LENGTH_LEN;
	*ret_len = message_len(vpcd) - VPCD_LENGTH_LEN;
	return true;
}

void vpcd_drop(struct vpcd *vpcd)
{
	size_t len = message_len(vpcd);

	explicit_bzero(vpcd->buffer, len);
	memmove(vpcd->buffer, vpcd->buffer + len, vpcd->len - len);
	vpcd->len -= len;
}

int vpcd_send(struct vpcd *vpcd, const uint8_t *data, size_t len, const uint8_t *tail,
	      size_t tail_len)
{
	uint8_t message[VPCD_LENGTH_LEN + VPCD_BODY_MAX];
	size_t body_len = len + tail_len;
	ssize_t n;

	if (len > VPCD_BODY_MAX || tail_len > VPCD_BODY_MAX - len)
		return -EMSGSIZE;
	message[0] = (uint8_t)(body_len >> 8);
	message[1] = (uint8_t)body_len;
	if (len)
		memcpy(message + VPCD_LENGTH_LEN, data, len);
	if (tail_len)
		memcpy(message + VPCD_LENGTH_LEN + len, tail, tail_len);
	n = send(vpcd->fd, message, VPCD_LENGTH_LEN + body_len, MSG_NOSIGNAL);
	if (n < 0)
		return -errno;
	/* A reader that lets answers pile up is no reader. */
	return (size_t)n == VPCD_LENGTH_LEN + body_len ? 0 : -EPIPE;
}
