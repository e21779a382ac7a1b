/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/applet-call.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/failure.h"
#include "client/pin.h"
#include "client/terminal.h"

enum {
	ASK_MAX = 3, /* times for the PIN, all in all */
};

/* What goes along with a PIN. */
struct pin_use {
	struct secret *pin;     /* NULL: none */
	int32_t expected_tries; /* that the person was told of, or TRIES_UNKNOWN */
	bool allow_last_try;
};

static void write_options(struct writer *writer, const struct pin_use *use, int pin_fd)
{
	struct writer options;

	writer_open(writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	if (pin_fd >= 0)
		writer_entry_fd(&options, "pin", pin_fd);
	if (use->expected_tries != TRIES_UNKNOWN)
		writer_entry_uint32(&options, "expected-tries", (uint32_t)use->expected_tries);
	if (use->allow_last_try)
		writer_entry_boolean(&options, "allow-last-try", true);
	writer_close(&options);
}

static bool send(struct service *service, const struct applet *applet,
		 const struct applet_call *call, const struct pin_use *use, DBusMessage **ret_reply,
		 struct refusal *ret_refusal)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL;
	CLEANUP(closep) int pin_fd = use->pin ? pin_to_descriptor(use->pin) : -1;
	struct writer writer;
	int r;

	if (use->pin && pin_fd < 0)
		return refusal_set(ret_refusal, pin_fd);
	message = service_message(applet->path, APPLET_INTERFACE, call->member);
	if (!message)
		return refusal_set(ret_refusal, -ENOMEM);
	writer_begin(&writer, message);
	if (call->write)
		call->write(&writer, call->input);
	write_options(&writer, use, pin_fd);
	r = writer_finish(&writer);
	if (r < 0)
		return refusal_set(ret_refusal, r);
	if (service_call(service, message, call->signature, ret_reply, ret_refusal))
		return true;
	/* A service that has gone with the PIN may have used it. */
	if (ret_refusal->result == -ENOTCONN && use->pin)
		refusal_set(ret_refusal, ANSWER_OUTCOME_UNKNOWN);
	return false;
}

/* Asks the card first, so that the person decides on what is so now. */
static int pin_use_ask(struct session *session, struct applet *applet, int terminal,
		       struct pin_use *use)
{
	struct refusal refusal;

	if (!applet_ask_tries(applet, &session->service, &refusal))
		return refusal_say(&refusal);
	if (applet->tries_left == 0)
		return failure_say(FAILURE_PIN_LOCKED,
				   "The %s PIN is locked. Look at: jpkictl pin status",
				   applet->kind);
	use->expected_tries = applet->tries_left;
	return pin_ask(terminal, applet, &use->allow_last_try, &use->pin);
}

static bool may_ask_again(const struct refusal *refusal)
{
	return refusal->result == ANSWER_PIN_FORMAT ||
	       (refusal->result == ANSWER_PIN_INCORRECT && refusal->tries_left > 1);
}

static int call_from_terminal(struct session *session, struct applet *applet,
			      const struct applet_call *call, int terminal, DBusMessage **ret_reply)
{
	for (unsigned int asked = 1;; asked++) {
		struct pin_use use = { .allow_last_try = session->arguments->allow_last_try };
		int failure = pin_use_ask(session, applet, terminal, &use);
		struct refusal refusal;
		bool done;

		if (failure != 0)
			return failure;
		done = send(&session->service, applet, call, &use, ret_reply, &refusal);
		secret_free(use.pin);
		if (done)
			return 0;
		failure = refusal_say(&refusal);
		if (asked == ASK_MAX || !may_ask_again(&refusal))
			return failure;
	}
}

/* With the PIN from --pin-fd, or with none. */
static int call_once(struct session *session, struct applet *applet, const struct applet_call *call,
		     DBusMessage **ret_reply)
{
	CLEANUP(secret_freep) struct secret *pin = NULL;
	const int pin_fd = session->arguments->pin_fd;
	struct pin_use use = { NULL, TRIES_UNKNOWN, session->arguments->allow_last_try };
	struct refusal refusal;
	int failure = pin_fd >= 0 ? pin_read(pin_fd, &pin) : 0;

	if (failure != 0)
		return failure;
	use.pin = pin;
	return send(&session->service, applet, call, &use, ret_reply, &refusal) ?
		       0 :
		       refusal_say(&refusal);
}

int applet_call(struct session *session, struct applet *applet, const struct applet_call *call,
		DBusMessage **ret_reply)
{
	static const struct pin_use no_pin = { NULL, TRIES_UNKNOWN, false };
	CLEANUP(closep) int terminal = -1;
	struct refusal refusal;

	/* Nobody is asked for a PIN that the service has no use for. */
	if (call->works_without_pin || !applet->has_certificate) {
		if (send(&session->service, applet, call, &no_pin, ret_reply, &refusal))
			return 0;
		if (refusal.result != ANSWER_PIN_REQUIRED)
			return refusal_say(&refusal);
	}
	if (session->arguments->pin_fd < 0)
		terminal = terminal_open();
	if (terminal >= 0)
		return call_from_terminal(session, applet, call, terminal, ret_reply);
	return call_once(session, applet, call, ret_reply);
}
