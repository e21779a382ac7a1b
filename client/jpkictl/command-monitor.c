/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/jpkictl/command.h"
#include "client/jpkictl/follower.h"
#include "client/jpkictl/json.h"
#include "client/jpkictl/session.h"
#include "client/output.h"

/* Beside 0 (go on) and an enum failure: nobody reads what is written. */
enum {
	OUTPUT_CLOSED = -1,
};

static int print_event(const struct event *event, bool json)
{
	if (!json)
		event_print(event, stdout);
	else if (!json_print_event(event, stdout))
		return failure_no_memory();
	if (fflush(stdout) == 0)
		return 0;
	if (errno == EPIPE)
		return OUTPUT_CLOSED;
	return output_fail(NULL, -errno);
}

/* What is in a reader that was added: a person has been told that with it. */
static int print_card(struct event event)
{
	event.kind = EVENT_CARD_INSERTED;
	event.card = inventory_card(event.inventory, event.reader);
	return event.card ? print_event(&event, true) : 0;
}

static int tell(const struct event *event, void *userdata)
{
	const struct session *session = userdata;
	const bool json = session->arguments->json;
	int end;

	if (event->reader && !session_means_reader(session, event->reader))
		return 0;
	end = print_event(event, json);
	if (end == 0 && json && event->kind == EVENT_READER_ADDED)
		end = print_card(*event);
	return end;
}

/* Until a message has come, or nobody reads any more. */
static int wait_for_messages(DBusConnection *service)
{
	struct pollfd fds[] = { { .events = POLLIN }, { .fd = STDOUT_FILENO } };

	dbus_connection_flush(service);
	if (!dbus_connection_get_unix_fd(service, &fds[0].fd))
		return refusal_say_result(-ENOTCONN);
	if (poll(fds, LENGTH_OF(fds), -1) < 0 && errno != EINTR)
		return refusal_say_result(-errno);
	/* A pipe has an error then, a socket hangs up. */
	if (fds[1].revents & (POLLERR | POLLHUP))
		return OUTPUT_CLOSED;
	dbus_connection_read_write(service, 0);
	return 0;
}

int command_monitor(const struct arguments *arguments)
{
	CLEANUP(session_close) struct session session = { .arguments = arguments };
	CLEANUP(follower_clear)
	struct follower follower = {
		.inventory = &session.inventory,
		.tell = tell,
		.userdata = &session,
	};
	int end = service_open(&session.service);

	follower.service = session.service;
	if (end == 0)
		end = follower_begin(&follower);
	while (end == 0) {
		end = follower_take(&follower);
		if (end == 0)
			end = wait_for_messages(session.service);
	}
	return end == OUTPUT_CLOSED ? 0 : end;
}
