/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/applet.h"

#include <errno.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/calendar.h"
#include "client/failure.h"
#include "client/label.h"

/* Milliseconds. A call that waits for the card's turn is answered before the caller has left. */
enum {
	LOOK_TURN = 2500,
	LOOK_PATIENCE = 3000,
};

static void write_turn(struct writer *writer, const void *data)
{
	struct writer options;

	writer_open(writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	writer_entry_uint32(&options, "timeout", LOOK_TURN);
	writer_close(&options);
}

static struct request request_of(const struct applet *applet, const char *member,
				 const char *signature, bool is_look)
{
	return (struct request){
		.path = applet->path,
		.interface = APPLET_INTERFACE,
		.member = member,
		.signature = signature,
		.write = is_look ? write_turn : write_no_options,
		.is_unattended = is_look,
		.patience = is_look ? LOOK_PATIENCE : 0,
	};
}

/* Nobody types anything for a look: if the time is up, the turn of its call did not come. */
static bool applet_ask(DBusConnection *service, const struct request *request,
		       DBusMessage **ret_reply, struct refusal *ret_refusal)
{
	if (service_call(service, request, ret_reply, ret_refusal))
		return true;
	if (request->is_unattended && ret_refusal->result == ANSWER_TIMEOUT)
		refusal_set(ret_refusal, -EBUSY);
	return false;
}

static bool get_tries(struct applet *applet, DBusConnection *service, bool is_look,
		      struct refusal *ret_refusal)
{
	const struct request request = request_of(applet, "GetTries", "i", is_look);
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	DBusMessageIter iter;
	int32_t tries;

	if (!applet_ask(service, &request, &reply, ret_refusal))
		return false;
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_get_basic(&iter, &tries);
	/* Nobody may be asked for a PIN without being told how many tries it has. */
	if (tries < 0)
		return refusal_set(ret_refusal, -EPROTO);
	applet->tries_left = tries;
	return true;
}

bool applet_ask_tries(struct applet *applet, DBusConnection *service, struct refusal *ret_refusal)
{
	return get_tries(applet, service, false, ret_refusal);
}

bool applet_look_at_tries(struct applet *applet, DBusConnection *service,
			  struct refusal *ret_refusal)
{
	return get_tries(applet, service, true, ret_refusal);
}

bool applet_look_at_certificate(struct applet *applet, DBusConnection *service,
				struct refusal *ret_refusal)
{
	const struct request request = request_of(applet, "Describe", "a{sv}", true);
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	int r;

	if (applet_ask(service, &request, &reply, ret_refusal)) {
		r = description_read(&applet->description, reply);
		if (r == 0)
			return true;
		refusal_set(ret_refusal, r);
	}
	applet->description_result = ret_refusal->result;
	return false;
}

/* --- both applets ------ */

/* Such an answer is about the certificate; all others are about the card, or whoever asks. */
static bool is_of_certificate(int result)
{
	switch (result) {
	case ANSWER_PIN_REQUIRED:
	case ANSWER_UNSUPPORTED_CARD:
	case ANSWER_NO_CERTIFICATE:
	case ANSWER_CERTIFICATE_UNREADABLE:
	case ANSWER_CARD_ERROR:
		return true;
	default:
		return false;
	}
}

static bool applet_look(struct applet *applet, DBusConnection *service, struct refusal *ret_refusal)
{
	if (!applet_look_at_tries(applet, service, ret_refusal))
		return false;
	return !applet->has_certificate ||
	       applet_look_at_certificate(applet, service, ret_refusal) ||
	       is_of_certificate(ret_refusal->result);
}

/* What others have found before is no longer worth anything when the card fails. */
static void applet_refuse(struct applet *applet, int result)
{
	if (failure_of(result) == FAILURE_NOT_AUTHORIZED)
		applet->description_result = result;
	else
		applet->tries_left = -1; /* as TriesLeft has it */
}

bool card_look(const struct card *card, struct inventory *inventory, DBusConnection *service,
	       struct refusal *ret_refusal)
{
	bool is_known = true;

	for (size_t i = 0; i < LABEL_COUNT; i++) {
		struct applet *applet = inventory_applet(inventory, card, labels[i].kind);

		if (applet && is_known)
			is_known = applet_look(applet, service, ret_refusal);
		if (applet && !is_known)
			applet_refuse(applet, ret_refusal->result);
	}
	return is_known;
}

bool applet_days_left(const struct applet *applet, int *ret_days)
{
	return calendar_days_until(applet->description.not_after, time(NULL), ret_days);
}

const char *applet_state(const struct applet *applet)
{
	if (applet->description_result == ANSWER_CERTIFICATE_UNREADABLE ||
	    applet->description_result == ANSWER_CARD_ERROR)
		return "unreadable";
	return applet->description.state;
}
