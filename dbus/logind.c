/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/logind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

#define LOGIND_NAME "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_INTERFACE "org.freedesktop.login1.Manager"

struct logind {
	struct bus *bus;
	logind_heard *heard;
	void *userdata;
	struct bus_match *owner_change;
	struct bus_pending *owner_query;

	char *owner; /* logind's unique name; NULL: there is none, and nothing of what follows */
	struct bus_match *news;
	bool sleeps;                  /* was the last that was heard */
	struct bus_pending *question; /* for an inhibitor */
	int inhibitor;                /* -1: none */
};

static void logind_tell(struct logind *logind, bool sleeps)
{
	logind->sleeps = sleeps;
	logind->heard(sleeps, logind->userdata);
}

/* --- the inhibitor ------ */

static void on_inhibitor(DBusMessage *reply, void *userdata)
{
	struct logind *logind = userdata;
	DBusError error = DBUS_ERROR_INIT;

	logind->question = NULL;
	if (!dbus_set_error_from_message(&error, reply))
		dbus_message_get_args(reply, &error, DBUS_TYPE_UNIX_FD, &logind->inhibitor,
				      DBUS_TYPE_INVALID);
	if (dbus_error_is_set(&error))
		log_rarely(LOG_WARNING, NULL,
			   "The machine will not wait for cards to be closed when it goes to "
			   "sleep: polkit must allow the user jpkid "
			   "org.freedesktop.login1.inhibit-delay-sleep (%s)",
			   error.name);
	dbus_error_free(&error);
}

static int append_inhibit(DBusMessage *message)
{
	struct writer writer;

	writer_begin(&writer, message);
	writer_string(&writer, "sleep");
	writer_string(&writer, "jpkid");
	writer_string(&writer, "JPKI cards are being closed");
	writer_string(&writer, "delay");
	return writer_finish(&writer);
}

static void logind_inhibit(struct logind *logind)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL;

	if (logind->question || logind->inhibitor >= 0)
		return;
	message = dbus_message_new_method_call(logind->owner, LOGIND_PATH, LOGIND_INTERFACE,
					       "Inhibit");
	if (!message || append_inhibit(message) < 0 ||
	    bus_call(logind->bus, message, on_inhibitor, logind, &logind->question) < 0)
		log_debug("The machine will not wait for cards when it goes to sleep: logind "
			  "cannot be asked");
}

void logind_let_sleep(struct logind *logind)
{
	logind->question = bus_call_cancel(logind->question);
	closep(&logind->inhibitor);
	logind->inhibitor = -1;
}

/* --- who is logind ------ */

static void on_news(DBusMessage *signal, void *userdata)
{
	struct logind *logind = userdata;
	dbus_bool_t sleeps;

	if (!dbus_message_get_args(signal, NULL, DBUS_TYPE_BOOLEAN, &sleeps, DBUS_TYPE_INVALID))
		return;
	if (!sleeps)
		logind_inhibit(logind);
	logind_tell(logind, sleeps);
}

/* The inhibitor and the news of one that has gone are worth nothing. */
static void logind_leave(struct logind *logind)
{
	logind->news = bus_match_remove(logind->news);
	logind_let_sleep(logind);
	free(TAKE(logind->owner));
}

/* The inhibitor is asked for after the match is in place, so that no news are missed. */
static void logind_follow(struct logind *logind, const char *owner)
{
	struct bus_signal news = {
		.path = LOGIND_PATH,
		.interface = LOGIND_INTERFACE,
		.member = "PrepareForSleep",
	};

	news.sender = logind->owner = strdup(owner);
	if (!logind->owner ||
	    bus_match_add(logind->bus, &news, on_news, logind, &logind->news) < 0) {
		log_warning("No memory to hear when the machine goes to sleep");
		return;
	}
	logind_inhibit(logind);
}

static void on_owner_change(DBusMessage *signal, void *userdata)
{
	const char *owner = bus_new_owner(signal);
	struct logind *logind = userdata;

	logind->owner_query = bus_call_cancel(logind->owner_query);
	logind_leave(logind);
	if (*owner != '\0')
		logind_follow(logind, owner);
	if (logind->sleeps)
		logind_tell(logind, false);
}

/* An error: nobody has the name. */
static void on_owner(DBusMessage *reply, void *userdata)
{
	struct logind *logind = userdata;
	const char *owner;

	logind->owner_query = NULL;
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN &&
	    dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &owner, DBUS_TYPE_INVALID))
		logind_follow(logind, owner);
	else
		log_debug("There is no logind to tell when the machine goes to sleep");
}

static int logind_query(struct logind *logind)
{
	CLEANUP(message_unrefp)
	DBusMessage *message = dbus_message_new_method_call(
		DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "GetNameOwner");
	struct writer writer;
	int r;

	if (!message)
		return -ENOMEM;
	writer_begin(&writer, message);
	writer_string(&writer, LOGIND_NAME);
	r = writer_finish(&writer);
	if (r < 0)
		return r;
	return bus_call(logind->bus, message, on_owner, logind, &logind->owner_query);
}

static void logind_freep(struct logind **logind)
{
	*logind = logind_free(*logind);
}

int logind_new(struct bus *bus, logind_heard *heard, void *userdata, struct logind **ret_logind)
{
	CLEANUP(logind_freep) struct logind *logind = malloc(sizeof(*logind));
	const struct bus_signal change = bus_owner_change(LOGIND_NAME);
	int r;

	if (!logind)
		return -ENOMEM;
	*logind = (struct logind){
		.bus = bus, .heard = heard, .userdata = userdata, .inhibitor = -1
	};
	r = bus_match_add(bus, &change, on_owner_change, logind, &logind->owner_change);
	if (r == 0)
		r = logind_query(logind);
	if (r < 0)
		return r;
	*ret_logind = TAKE(logind);
	return 0;
}

struct logind *logind_free(struct logind *logind)
{
	if (!logind)
		return NULL;
	bus_match_remove(logind->owner_change);
	bus_call_cancel(logind->owner_query);
	logind_leave(logind);
	free(logind);
	return NULL;
}
