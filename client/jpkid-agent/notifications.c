/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/notifications.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NOTIFICATIONS_NAME "org.freedesktop.Notifications"
#define NOTIFICATIONS_PATH "/org/freedesktop/Notifications"

enum {
	REPLACES_NONE = 0,
	EXPIRES_BY_DEFAULT = -1,
};

struct notifications {
	sd_event *event;
	void (*ready)(void *userdata);
	void *userdata;
	struct bus *bus; /* NULL: not connected yet */
	struct bus_match *owner_change;
	bool is_lost; /* the bus */
};

/* --- the bus ------ */

static void on_lost(void *userdata)
{
	struct notifications *notifications = userdata;

	notifications->is_lost = true;
}

static void on_owner_change(DBusMessage *signal, void *userdata)
{
	struct notifications *notifications = userdata;

	if (*bus_new_owner(signal) != '\0')
		notifications->ready(notifications->userdata);
}

static void session_bus_close(struct notifications *notifications)
{
	notifications->owner_change = bus_match_remove(notifications->owner_change);
	notifications->bus = bus_free(notifications->bus);
	notifications->is_lost = false;
}

static int session_bus_open(struct notifications *notifications)
{
	const struct bus_signal change = bus_owner_change(NOTIFICATIONS_NAME);
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	int r;

	if (notifications->is_lost)
		session_bus_close(notifications);
	if (notifications->bus)
		return 0;
	/* All others make libdbus wait, or start a bus. */
	if (!address || strncmp(address, "unix:", strlen("unix:")) != 0 || strchr(address, ';'))
		return -ENOTCONN;
	r = bus_open_at(notifications->event, address, on_lost, notifications,
			&notifications->bus);
	if (r == 0)
		r = bus_match_add(notifications->bus, &change, on_owner_change, notifications,
				  &notifications->owner_change);
	if (r < 0)
		session_bus_close(notifications);
	return r;
}

/* --- Notify ------ */

static int write_notification(DBusMessage *message, const struct notification *notification)
{
	struct writer writer, actions, hints;

	writer_begin(&writer, message);
	writer_string(&writer, "jpkid");
	writer_uint32(&writer, REPLACES_NONE);
	writer_string(&writer, notification->icon);
	writer_string(&writer, notification->summary);
	writer_string(&writer, notification->body);
	writer_open(&writer, &actions, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING_AS_STRING);
	writer_close(&actions);
	writer_open(&writer, &hints, DBUS_TYPE_ARRAY, "{sv}");
	writer_entry_byte(&hints, "urgency", (uint8_t)notification->urgency);
	writer_close(&hints);
	writer_int32(&writer, EXPIRES_BY_DEFAULT);
	return writer_finish(&writer);
}

int notifications_show(struct notifications *notifications, const struct notification *notification,
		       bus_reply *done, void *userdata)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL;
	int r = session_bus_open(notifications);

	if (r < 0)
		return r;
	message = dbus_message_new_method_call(NOTIFICATIONS_NAME, NOTIFICATIONS_PATH,
					       NOTIFICATIONS_NAME, "Notify");
	if (!message)
		return -ENOMEM;
	r = write_notification(message, notification);
	return r == 0 ? bus_call(notifications->bus, message, done, userdata, NULL) : r;
}

/* --- an object of its own ------ */

int notifications_new(sd_event *event, void (*ready)(void *userdata), void *userdata,
		      struct notifications **ret_notifications)
{
	struct notifications *notifications = malloc(sizeof(*notifications));

	if (!notifications)
		return -ENOMEM;
	*notifications = (struct notifications){
		.event = sd_event_ref(event),
		.ready = ready,
		.userdata = userdata,
	};
	*ret_notifications = notifications;
	return 0;
}

struct notifications *notifications_free(struct notifications *notifications)
{
	if (!notifications)
		return NULL;
	session_bus_close(notifications);
	sd_event_unref(notifications->event);
	free(notifications);
	return NULL;
}
