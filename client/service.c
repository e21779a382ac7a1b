/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/failure.h"
#include "dbus/error.h"

#define SERVICE_NAME "org.jpkid1"

int service_open(DBusConnection **ret_service)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *service = dbus_bus_get_private(DBUS_BUS_SYSTEM, &error);
	int failure;

	if (!service) {
		failure = failure_say(FAILURE_NO_SERVICE, "The system bus cannot be reached: %s",
				      error.message);
		dbus_error_free(&error);
		return failure;
	}
	/* A bus that goes away is a refusal like others. */
	dbus_connection_set_exit_on_disconnect(service, FALSE);
	*ret_service = service;
	return 0;
}

void service_close(DBusConnection *service)
{
	if (!service)
		return;
	dbus_connection_close(service);
	dbus_connection_unref(service);
}

/* Where the service speaks to programs, a person is told what jpkictl has for it. */
static const char *sentence_for_person(int result)
{
	switch (result) {
	case ANSWER_PIN_REQUIRED:
		return "This needs the PIN: repeat in a terminal, or give it with --pin-fd.";
	case ANSWER_LAST_TRY:
		return "One try is left, and a wrong PIN would lock the card; nothing was sent. If "
		       "you are sure of the PIN, repeat with --allow-last-try.";
	case ANSWER_TRIES_CHANGED:
		return "Somebody else used a try meanwhile; nothing was sent. Look at: jpkictl pin "
		       "status";
	case ANSWER_OUTCOME_UNKNOWN:
		return "The card's answer was lost, so the PIN may have cost a try. Before you "
		       "repeat, look at: jpkictl pin status";
	case -ENOTCONN:
		return "The connection to the system bus was lost.";
	case -EPROTO:
		return "The service's answer is not of the form that it should be; do jpkid and "
		       "jpkictl have the same version?";
	default:
		return NULL;
	}
}

bool refusal_set(struct refusal *refusal, int result)
{
	const char *sentence = sentence_for_person(result);

	*refusal = (struct refusal){ .result = result };
	if (sentence)
		snprintf(refusal->text, sizeof(refusal->text), "%s", sentence);
	else if (result < 0)
		snprintf(refusal->text, sizeof(refusal->text), "The call failed: %s",
			 strerror(-result));
	return false;
}

/* All other names are the bus's or the service manager's, who speak when the service does not. */
static bool is_from_service(const char *name)
{
	return error_answer(name) != ANSWER_FAILED || strcmp(name, DBUS_ERROR_FAILED) == 0;
}

/* In the caller's own time, which need not be the service's. */
static void refusal_tell_until(struct refusal *refusal, uint64_t seconds)
{
	const time_t until = (time_t)seconds;
	struct tm local;
	char clock[64];

	if (until >= 0 && localtime_r(&until, &local) &&
	    strftime(clock, sizeof(clock), "%F %T", &local) > 0)
		snprintf(refusal->text, sizeof(refusal->text),
			 "Several in a row were wrong, so no other is tried before %s; nothing was "
			 "sent to the card.",
			 clock);
}

static void refusal_tell_reserve(struct refusal *refusal)
{
	snprintf(refusal->text, sizeof(refusal->text),
		 "%u tries are left, and this machine holds back the last ones; nothing was sent. "
		 "If you are sure of the PIN, repeat with --allow-last-try.",
		 refusal->tries_left);
}

/* What may follow an error's text. */
static void refusal_read_value(struct refusal *refusal, DBusMessageIter *iter)
{
	const int type = dbus_message_iter_get_arg_type(iter);
	uint64_t until;

	if ((refusal->result == ANSWER_PIN_INCORRECT || refusal->result == ANSWER_LAST_TRY) &&
	    type == DBUS_TYPE_UINT32)
		dbus_message_iter_get_basic(iter, &refusal->tries_left);
	if (refusal->result == ANSWER_LAST_TRY && refusal->tries_left > 1)
		refusal_tell_reserve(refusal);
	if (refusal->result != ANSWER_HELD_OFF || type != DBUS_TYPE_UINT64)
		return;
	dbus_message_iter_get_basic(iter, &until);
	refusal_tell_until(refusal, until);
}

static void refusal_from_error(struct refusal *refusal, DBusMessage *reply)
{
	const char *name = dbus_message_get_error_name(reply), *text = "";
	DBusMessageIter iter;

	refusal_set(refusal, is_from_service(name) ? (int)error_answer(name) : -ENOTCONN);
	dbus_message_iter_init(reply, &iter);
	if (dbus_message_iter_get_arg_type(&iter) == DBUS_TYPE_STRING) {
		dbus_message_iter_get_basic(&iter, &text);
		dbus_message_iter_next(&iter);
	}
	refusal_read_value(refusal, &iter);

	if (refusal->result == -ENOTCONN)
		snprintf(refusal->text, sizeof(refusal->text),
			 "The service jpkid does not answer (%s); look at: systemctl status jpkid",
			 text);
	else if (!*refusal->text)
		snprintf(refusal->text, sizeof(refusal->text), "%s", *text ? text : name);
}

DBusMessage *service_message(const struct request *request)
{
	CLEANUP(message_unrefp) DBusMessage *message = dbus_message_new_method_call(
		SERVICE_NAME, request->path, request->interface, request->member);
	struct writer writer;

	if (!message)
		return NULL;
	dbus_message_set_allow_interactive_authorization(message, TRUE);
	writer_begin(&writer, message);
	if (request->write)
		request->write(&writer, request->data);
	return writer_finish(&writer) == 0 ? TAKE(message) : NULL;
}

/* The answer, whatever it is. */
static int service_wait(DBusConnection *service, DBusMessage *message,
			const struct request *request, DBusMessage **ret_reply)
{
	DBusPendingCall *pending = NULL;

	if (!dbus_connection_send_with_reply(service, message, &pending, DBUS_TIMEOUT_INFINITE))
		return -ENOMEM;
	if (!pending)
		return -ENOTCONN;
	while (request->meanwhile && !dbus_pending_call_get_completed(pending) &&
	       dbus_connection_read_write_dispatch(service, -1))
		request->meanwhile(request->userdata);
	dbus_pending_call_block(pending);
	*ret_reply = dbus_pending_call_steal_reply(pending);
	dbus_pending_call_unref(pending);
	return *ret_reply ? 0 : -ENOTCONN;
}

bool service_accepts(DBusMessage *reply, const char *signature, struct refusal *ret_refusal)
{
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR) {
		refusal_from_error(ret_refusal, reply);
		return false;
	}
	return dbus_message_has_signature(reply, signature) || refusal_set(ret_refusal, -EPROTO);
}

bool service_call(DBusConnection *service, const struct request *request, DBusMessage **ret_reply,
		  struct refusal *ret_refusal)
{
	CLEANUP(message_unrefp) DBusMessage *message = service_message(request), *reply = NULL;
	int r = message ? service_wait(service, message, request, &reply) : -ENOMEM;

	if (r < 0)
		return refusal_set(ret_refusal, r);
	if (!service_accepts(reply, request->signature, ret_refusal))
		return false;
	*ret_reply = TAKE(reply);
	return true;
}

int refusal_say(const struct refusal *refusal)
{
	return failure_say(failure_of(refusal->result), "%s", refusal->text);
}
