/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/authority.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "dbus/peer.h"
#include "dbus/polkit.h"

enum {
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
	struct polkit_answer answer;

	if (!polkit_read_answer(reply, &answer)) {
		log_no_answer(reply);
		return ANSWER_NOT_AUTHORIZED;
	}
	if (answer.is_authorized)
		return 0;
	if (answer.is_dismissed)
		return ANSWER_DISMISSED;
	return answer.is_challenge && !interactive ? ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED :
						     ANSWER_NOT_AUTHORIZED;
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
	CLEANUP(message_unrefp) DBusMessage *message = NULL;
	struct call *call = authorization->call;
	static uint64_t questions;

	snprintf(authorization->cancellation_id, CANCELLATION_ID_SIZE, "jpkid-%" PRIu64,
		 ++questions);
	message = polkit_check(call_sender(call), authorization->action,
			       call_interactive(call) ? POLKIT_ALLOW_USER_INTERACTION : 0,
			       authorization->cancellation_id);
	if (!message)
		return -ENOMEM;
	return bus_call(call_bus(call), message, on_reply, authorization, &authorization->check);
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
		r = peer_watch_uid(&authorization->watch, &uid) ?
			    authorization_decide(authorization, uid) :
			    -EINPROGRESS;
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
