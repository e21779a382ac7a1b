/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.freedesktop.PolicyKit1.Authority */
#include "dbus/authority.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "dbus/call.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

enum {
	POLKIT_ALLOW_USER_INTERACTION = 1,
	CANCELLATION_ID_SIZE = 32,
};

struct authorization {
	struct call *call;
	const char *action;
	authorization_done *done;
	void *userdata;
	struct peer_watch watch; /* until the caller's uid is known */
	uid_t uid;
	struct bus_pending *check; /* what polkit is asked */
	char cancellation_id[CANCELLATION_ID_SIZE];
};

static void authorization_free(struct authorization *authorization)
{
	peer_watch_stop(&authorization->watch);
	bus_call_cancel(authorization->check);
	free(authorization);
}

static void authorization_finish(struct authorization *authorization, int result)
{
	authorization_done *done = authorization->done;
	void *userdata = authorization->userdata;
	const uid_t uid = authorization->uid;

	authorization_free(authorization);
	done(result, uid, userdata);
}

static DBusMessage *polkit_message(const char *member)
{
	return dbus_message_new_method_call(POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, member);
}

/* (sa{sv}): whoever has the caller's name on the bus; polkit asks the bus who that is. */
static void append_subject(struct writer *writer, const char *sender)
{
	struct writer subject, details;

	writer_open(writer, &subject, DBUS_TYPE_STRUCT, NULL);
	writer_string(&subject, "system-bus-name");
	writer_open(&subject, &details, DBUS_TYPE_ARRAY, "{sv}");
	writer_entry_string(&details, "name", sender);
	writer_close(&details);
	writer_close(&subject);
}

static int append_check(DBusMessage *message, const struct authorization *authorization)
{
	struct writer writer, details;

	writer_begin(&writer, message);
	append_subject(&writer, call_sender(authorization->call));
	writer_string(&writer, authorization->action);
	writer_open(&writer, &details, DBUS_TYPE_ARRAY, "{ss}");
	writer_close(&details);
	writer_uint32(&writer,
		      call_interactive(authorization->call) ? POLKIT_ALLOW_USER_INTERACTION : 0);
	writer_string(&writer, authorization->cancellation_id);
	return writer_finish(&writer);
}

/* Whether the a{ss} at @iter says that the person closed the question. */
static bool details_dismissed(DBusMessageIter *iter)
{
	DBusMessageIter details, entry;
	const char *key;

	dbus_message_iter_recurse(iter, &details);
	for (; dbus_message_iter_get_arg_type(&details) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&details)) {
		dbus_message_iter_recurse(&details, &entry);
		dbus_message_iter_get_basic(&entry, &key);
		if (strcmp(key, "polkit.dismissed") == 0)
			return true;
	}
	return false;
}

/* Everybody's call meets the same. */
static void log_no_answer(DBusMessage *reply)
{
	const char *name = dbus_message_get_error_name(reply);

	log_rarely(LOG_ERR, NULL,
		   "polkit cannot say who may use cards (%s), so all but root are refused: polkit "
		   "must be installed and able to start, with jpkid's actions, org.jpkid1.policy.",
		   name ? name : "its answer makes no sense");
}

static int reply_result(DBusMessage *reply, bool interactive)
{
	dbus_bool_t authorized, challenge;
	DBusMessageIter iter, result;

	if (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN ||
	    !dbus_message_has_signature(reply, "(bba{ss})")) {
		log_no_answer(reply);
		return ANSWER_NOT_AUTHORIZED;
	}
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &result);
	dbus_message_iter_get_basic(&result, &authorized);
	dbus_message_iter_next(&result);
	dbus_message_iter_get_basic(&result, &challenge);
	dbus_message_iter_next(&result);

	if (authorized)
		return 0;
	if (details_dismissed(&result))
		return ANSWER_DISMISSED;
	return challenge && !interactive ? ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED
					 : ANSWER_NOT_AUTHORIZED;
}

static void on_reply(DBusMessage *reply, void *userdata)
{
	struct authorization *authorization = userdata;

	authorization->check = NULL;
	authorization_finish(authorization,
			     reply_result(reply, call_interactive(authorization->call)));
}

static int authorization_ask(struct authorization *authorization)
{
	CLEANUP(message_unrefp) DBusMessage *message = polkit_message("CheckAuthorization");
	static uint64_t questions;
	int r;

	if (!message)
		return -ENOMEM;
	snprintf(authorization->cancellation_id, CANCELLATION_ID_SIZE, "jpkid-%" PRIu64,
		 ++questions);
	r = append_check(message, authorization);
	if (r < 0)
		return r;
	return bus_call(call_bus(authorization->call), message, on_reply, authorization,
			&authorization->check);
}

/* What is known once the caller's uid is; -EINPROGRESS: polkit is asked. */
static int authorization_decide(struct authorization *authorization, uid_t uid)
{
	int r;

	peer_watch_stop(&authorization->watch);
	authorization->uid = uid;
	if (uid == 0)
		return 0;
	if (!authorization->action)
		return ANSWER_NOT_AUTHORIZED;
	r = authorization_ask(authorization);
	return r < 0 ? r : -EINPROGRESS;
}

static void on_known(struct peer_watch *watch, uid_t uid)
{
	struct authorization *authorization = CONTAINER_OF(watch, struct authorization, watch);
	const int r = authorization_decide(authorization, uid);

	if (r != -EINPROGRESS)
		authorization_finish(authorization, r);
}

static void on_gone(struct peer_watch *watch)
{
	authorization_finish(CONTAINER_OF(watch, struct authorization, watch),
			     ANSWER_NOT_AUTHORIZED);
}

void authority_check(struct call *call, const char *action, authorization_done *done,
		     void *userdata, struct authorization **ret_authorization)
{
	struct authorization *authorization = calloc(1, sizeof(*authorization));
	uid_t uid;
	int r;

	*ret_authorization = NULL;
	if (!authorization) {
		done(-ENOMEM, 0, userdata);
		return;
	}
	*authorization = (struct authorization){
		.call = call,
		.action = action,
		.done = done,
		.userdata = userdata,
		.watch = { .known = on_known, .gone = on_gone },
	};
	r = peer_watch_start(call_peers(call), call_sender(call), &authorization->watch);
	if (r == 0)
		r = peer_watch_uid(&authorization->watch, &uid)
			    ? authorization_decide(authorization, uid)
			    : -EINPROGRESS;
	if (r == -EINPROGRESS)
		*ret_authorization = authorization;
	else
		authorization_finish(authorization, r);
}

static void polkit_cancel(struct bus *bus, const char *cancellation_id)
{
	CLEANUP(message_unrefp) DBusMessage *message = polkit_message("CancelCheckAuthorization");
	struct writer writer;

	if (!message)
		return;
	writer_begin(&writer, message);
	writer_string(&writer, cancellation_id);
	if (writer_finish(&writer) == 0)
		bus_tell(bus, TAKE(message));
}

struct authorization *authorization_cancel(struct authorization *authorization)
{
	if (!authorization)
		return NULL;
	if (authorization->check)
		polkit_cancel(call_bus(authorization->call), authorization->cancellation_id);
	authorization_free(authorization);
	return NULL;
}
