/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/service.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "client/failure.h"
#include "client/language.h"
#include "dbus/connection.h"

bool service_connect(DBusConnection **ret_service, struct refusal *ret_refusal)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *service = connection_open_system(&error);

	if (service) {
		*ret_service = service;
		return true;
	}
	refusal_set(ret_refusal,
		    dbus_error_has_name(&error, DBUS_ERROR_TIMEOUT) ? -ETIMEDOUT : -ENOTCONN);
	snprintf(ret_refusal->words, sizeof(ret_refusal->words), "%s", error.message);
	dbus_error_free(&error);
	return false;
}

int service_open(DBusConnection **ret_service)
{
	struct refusal refusal;

	if (service_connect(ret_service, &refusal))
		return 0;
	if (refusal.result == -ETIMEDOUT)
		return failure_say(FAILURE_NO_SERVICE,
				   _("The system bus does not answer; see: jpkictl diagnose"));
	return failure_say(FAILURE_NO_SERVICE, _("The system bus cannot be reached: %s"),
			   refusal.words);
}

void write_no_options(struct writer *writer, const void *data)
{
	struct writer options;

	writer_open(writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	writer_close(&options);
}

DBusMessage *service_message(const struct request *request)
{
	CLEANUP(message_unrefp) DBusMessage *message = dbus_message_new_method_call(
		SERVICE_NAME, request->path, request->interface, request->member);
	struct writer writer;

	if (!message)
		return NULL;
	dbus_message_set_allow_interactive_authorization(message, !request->is_unattended);
	writer_begin(&writer, message);
	if (request->write)
		request->write(&writer, request->data);
	return writer_finish(&writer) == 0 ? TAKE(message) : NULL;
}

/* The bus says the same at once when the service goes. */
static bool is_too_late(DBusMessage *reply, const struct request *request, uint64_t begin)
{
	const uint64_t passed = clock_microseconds(CLOCK_MONOTONIC) - begin;

	return dbus_message_is_error(reply, DBUS_ERROR_NO_REPLY) && request->patience &&
	       passed >= (uint64_t)request->patience * 1000;
}

/* The answer, whatever it is. */
static int service_wait(DBusConnection *service, DBusMessage *message,
			const struct request *request, DBusMessage **ret_reply)
{
	const int timeout = request->patience ? (int)request->patience : DBUS_TIMEOUT_INFINITE;
	const uint64_t begin = clock_microseconds(CLOCK_MONOTONIC);
	DBusPendingCall *pending = NULL;

	if (!dbus_connection_send_with_reply(service, message, &pending, timeout))
		return -ENOMEM;
	if (!pending)
		return -ENOTCONN;
	while (request->meanwhile && !dbus_pending_call_get_completed(pending) &&
	       dbus_connection_read_write_dispatch(service, -1))
		request->meanwhile(request->userdata);
	dbus_pending_call_block(pending);
	*ret_reply = dbus_pending_call_steal_reply(pending);
	dbus_pending_call_unref(pending);
	if (!*ret_reply)
		return -ENOTCONN;
	return is_too_late(*ret_reply, request, begin) ? -ETIMEDOUT : 0;
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

bool service_owner_change(DBusMessage *message, const char **ret_before, const char **ret_now)
{
	const char *name;

	/* Anybody can send a signal of this name; the sender is the bus's word. */
	return dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged") &&
	       dbus_message_has_sender(message, DBUS_SERVICE_DBUS) &&
	       dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING,
				     ret_before, DBUS_TYPE_STRING, ret_now, DBUS_TYPE_INVALID) &&
	       strcmp(name, SERVICE_NAME) == 0;
}
