/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libdbus adds, removes and toggles its watches and timeouts with the connection's lock held, so
 * these functions call nothing on the connection.
 *
 * Messages are dispatched from a source of their own, one in each turn of the loop. A defer source
 * that is re-armed counts as the oldest one that is ready, so the bus has a lower priority than
 * everything else: a flood of messages starves nobody. Reading has that priority too, so that what
 * was read is dispatched before more is.
 */
#include "dbus/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum {
	PRIORITY = SD_EVENT_PRIORITY_NORMAL + 1,
	RETRY_USEC = 100 * USEC_PER_MSEC, /* after libdbus found no memory */
};

/*
 * libdbus has a watch for each direction, epoll takes one registration for each descriptor. An
 * entry stays until loop_free(), because its watches may go while they are being handled; it is
 * free for reuse without them.
 */
struct socket {
	struct loop *loop;
	int fd;
	sd_event_source *source;
	DBusWatch *watches[2];
	SLIST_ENTRY(socket) link;
};

struct loop {
	sd_event *event;
	DBusConnection *connection;
	sd_event_source *dispatch;
	sd_event_source *retry;
	bool held;
	SLIST_HEAD(, socket) sockets;
};

static void loop_note_status(struct loop *loop, DBusDispatchStatus status)
{
	switch (status) {
	case DBUS_DISPATCH_DATA_REMAINS:
		sd_event_source_set_enabled(loop->dispatch,
					    loop->held ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
		break;
	case DBUS_DISPATCH_NEED_MEMORY:
		sd_event_source_set_time_relative(loop->retry, RETRY_USEC);
		sd_event_source_set_enabled(loop->retry, SD_EVENT_ONESHOT);
		break;
	case DBUS_DISPATCH_COMPLETE:
		break;
	}
}

static void on_status(DBusConnection *connection, DBusDispatchStatus status, void *userdata)
{
	loop_note_status(userdata, status);
}

static int on_dispatch(sd_event_source *source, void *userdata)
{
	struct loop *loop = userdata;

	loop_note_status(loop, dbus_connection_dispatch(loop->connection));
	return 0;
}

static uint32_t watch_events(DBusWatch *watch)
{
	const unsigned int flags = dbus_watch_get_flags(watch);

	return (flags & DBUS_WATCH_READABLE ? EPOLLIN : 0) |
	       (flags & DBUS_WATCH_WRITABLE ? EPOLLOUT : 0);
}

/* What the source waits for follows what libdbus wants of its two watches. */
static void socket_update(struct socket *socket)
{
	uint32_t events = 0;

	for (size_t i = 0; i < LENGTH_OF(socket->watches); i++)
		if (socket->watches[i] && dbus_watch_get_enabled(socket->watches[i]))
			events |= watch_events(socket->watches[i]);
	/* What is not read stays with the bus, and with its limits. */
	if (socket->loop->held)
		events &= ~(uint32_t)EPOLLIN;

	/* Hang-ups are reported even without events, again and again: nobody would handle them. */
	if (events != 0)
		sd_event_source_set_io_events(socket->source, events);
	sd_event_source_set_enabled(socket->source, events != 0 ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void loop_resume(struct loop *loop)
{
	struct socket *socket;

	SLIST_FOREACH(socket, &loop->sockets, link)
		if (socket->source)
			socket_update(socket);
	loop_note_status(loop, DBUS_DISPATCH_DATA_REMAINS);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	loop_resume(userdata);
	return 0;
}

static unsigned int watch_flags(uint32_t events)
{
	return (events & EPOLLIN ? DBUS_WATCH_READABLE : 0) |
	       (events & EPOLLOUT ? DBUS_WATCH_WRITABLE : 0) |
	       (events & EPOLLERR ? DBUS_WATCH_ERROR : 0) |
	       (events & EPOLLHUP ? DBUS_WATCH_HANGUP : 0);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct socket *socket = userdata;
	struct loop *loop = socket->loop;
	bool done = true;

	for (size_t i = 0; i < LENGTH_OF(socket->watches); i++) {
		DBusWatch *watch = socket->watches[i];

		if (watch && dbus_watch_get_enabled(watch))
			done &= dbus_watch_handle(watch, watch_flags(events));
	}
	if (!done) {
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		loop_note_status(loop, DBUS_DISPATCH_NEED_MEMORY);
	}
	return 0;
}

/* The entry of this descriptor, or one that is free, or NULL: no memory. */
static struct socket *loop_socket(struct loop *loop, int fd)
{
	struct socket *socket, *unused = NULL;

	SLIST_FOREACH(socket, &loop->sockets, link) {
		if (socket->source && socket->fd == fd)
			return socket;
		if (!socket->source)
			unused = socket;
	}
	if (unused)
		return unused;

	socket = calloc(1, sizeof(*socket));
	if (socket) {
		socket->loop = loop;
		SLIST_INSERT_HEAD(&loop->sockets, socket, link);
	}
	return socket;
}

static void socket_replace(struct socket *socket, DBusWatch *old, DBusWatch *new)
{
	for (size_t i = 0; i < LENGTH_OF(socket->watches); i++) {
		if (socket->watches[i] == old) {
			socket->watches[i] = new;
			return;
		}
	}
}

static dbus_bool_t on_add_watch(DBusWatch *watch, void *userdata)
{
	struct loop *loop = userdata;
	const int fd = dbus_watch_get_unix_fd(watch);
	struct socket *socket = loop_socket(loop, fd);

	if (!socket)
		return FALSE;
	if (!socket->source) {
		if (sd_event_add_io(loop->event, &socket->source, fd, 0, on_io, socket) < 0)
			return FALSE;
		sd_event_source_set_priority(socket->source, PRIORITY);
	}

	socket->fd = fd;
	socket_replace(socket, NULL, watch);
	dbus_watch_set_data(watch, socket, NULL);
	socket_update(socket);
	return TRUE;
}

static void on_remove_watch(DBusWatch *watch, void *userdata)
{
	struct socket *socket = dbus_watch_get_data(watch);

	if (!socket)
		return;
	dbus_watch_set_data(watch, NULL, NULL);
	socket_replace(socket, watch, NULL);
	if (socket->watches[0] || socket->watches[1])
		socket_update(socket);
	else
		socket->source = sd_event_source_disable_unref(socket->source);
}

static void on_toggle_watch(DBusWatch *watch, void *userdata)
{
	struct socket *socket = dbus_watch_get_data(watch);

	if (socket)
		socket_update(socket);
}

static void timeout_arm(sd_event_source *source, DBusTimeout *timeout)
{
	const uint64_t interval = (uint64_t)dbus_timeout_get_interval(timeout) * USEC_PER_MSEC;

	sd_event_source_set_time_relative(source, interval);
	sd_event_source_set_enabled(source, dbus_timeout_get_enabled(timeout) ? SD_EVENT_ONESHOT :
										SD_EVENT_OFF);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	DBusTimeout *timeout = userdata;

	/* Armed first: the timeout may be gone after it was handled. */
	timeout_arm(source, timeout);
	dbus_timeout_handle(timeout);
	return 0;
}

static dbus_bool_t on_add_timeout(DBusTimeout *timeout, void *userdata)
{
	struct loop *loop = userdata;
	sd_event_source *source;

	if (sd_event_add_time(loop->event, &source, CLOCK_MONOTONIC, UINT64_MAX, 0, on_time,
			      timeout) < 0)
		return FALSE;
	dbus_timeout_set_data(timeout, source, NULL);
	timeout_arm(source, timeout);
	return TRUE;
}

static void on_remove_timeout(DBusTimeout *timeout, void *userdata)
{
	sd_event_source_disable_unref(dbus_timeout_get_data(timeout));
	dbus_timeout_set_data(timeout, NULL, NULL);
}

static void on_toggle_timeout(DBusTimeout *timeout, void *userdata)
{
	sd_event_source *source = dbus_timeout_get_data(timeout);

	if (source)
		timeout_arm(source, timeout);
}

static int loop_attach(struct loop *loop)
{
	int r;

	r = sd_event_add_defer(loop->event, &loop->dispatch, on_dispatch, loop);
	if (r < 0)
		return r;
	r = sd_event_source_set_priority(loop->dispatch, PRIORITY);
	if (r < 0)
		return r;
	r = sd_event_add_time(loop->event, &loop->retry, CLOCK_MONOTONIC, UINT64_MAX, 0, on_retry,
			      loop);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(loop->retry, SD_EVENT_OFF);
	if (r < 0)
		return r;

	dbus_connection_set_dispatch_status_function(loop->connection, on_status, loop, NULL);
	if (!dbus_connection_set_watch_functions(loop->connection, on_add_watch, on_remove_watch,
						 on_toggle_watch, loop, NULL) ||
	    !dbus_connection_set_timeout_functions(loop->connection, on_add_timeout,
						   on_remove_timeout, on_toggle_timeout, loop,
						   NULL))
		return -ENOMEM;
	return 0;
}

int loop_new(sd_event *event, DBusConnection *connection, struct loop **ret_loop)
{
	struct loop *loop;
	int r;

	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return -ENOMEM;
	loop->event = sd_event_ref(event);
	loop->connection = dbus_connection_ref(connection);

	r = loop_attach(loop);
	if (r < 0) {
		loop_free(loop);
		return r;
	}
	*ret_loop = loop;
	return 0;
}

void loop_hold(struct loop *loop, bool hold)
{
	loop->held = hold;
	loop_resume(loop);
}

struct loop *loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	dbus_connection_set_watch_functions(loop->connection, NULL, NULL, NULL, NULL, NULL);
	dbus_connection_set_timeout_functions(loop->connection, NULL, NULL, NULL, NULL, NULL);
	dbus_connection_set_dispatch_status_function(loop->connection, NULL, NULL, NULL);
	sd_event_source_disable_unref(loop->dispatch);
	sd_event_source_disable_unref(loop->retry);
	while (!SLIST_EMPTY(&loop->sockets)) {
		struct socket *socket = SLIST_FIRST(&loop->sockets);

		SLIST_REMOVE_HEAD(&loop->sockets, link);
		free(socket);
	}
	dbus_connection_unref(loop->connection);
	sd_event_unref(loop->event);
	free(loop);
	return NULL;
}
