/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/applet-call.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/failure.h"
#include "client/pin.h"
#include "client/session.h"
#include "client/terminal.h"

enum {
	ASK_MAX = 3, /* times for the PIN, all in all */
};

/* A call that is under way. */
struct attempt {
	struct session session;
	struct applet *applet;
	const struct applet_call *call;

	/* What goes along with a PIN. */
	int pin_fd;             /* -1: none */
	int32_t expected_tries; /* that the person was told of; 0: nobody was */
	bool allow_last_try;
};

static void attempt_clear(struct attempt *attempt)
{
	closep(&attempt->pin_fd);
	session_close(&attempt->session);
}

static void attempt_write(struct writer *writer, const void *data)
{
	const struct attempt *attempt = data;
	struct writer options;

	if (attempt->call->write)
		attempt->call->write(writer, attempt->call->data);
	writer_open(writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	if (attempt->pin_fd >= 0)
		writer_entry_fd(&options, "pin", attempt->pin_fd);
	if (attempt->expected_tries > 0)
		writer_entry_uint32(&options, "expected-tries", (uint32_t)attempt->expected_tries);
	if (attempt->allow_last_try)
		writer_entry_boolean(&options, "allow-last-try", true);
	writer_close(&options);
}

static bool attempt_send(struct attempt *attempt, DBusMessage **ret_reply,
			 struct refusal *ret_refusal)
{
	const struct request request = { attempt->applet->path, APPLET_INTERFACE,
					 attempt->call->member, attempt->call->signature,
					 attempt_write, attempt };

	if (service_call(attempt->session.service, &request, ret_reply, ret_refusal))
		return true;
	/* A service that has gone with the PIN, or answers nonsense, may have used it. */
	if (attempt->pin_fd >= 0 &&
	    (ret_refusal->result == -ENOTCONN || ret_refusal->result == -EPROTO))
		refusal_set(ret_refusal, ANSWER_OUTCOME_UNKNOWN);
	return false;
}

/* Consumes @pin: from here on it is in attempt->pin_fd only. 0 or an enum failure. */
static int attempt_take_pin(struct attempt *attempt, struct secret *pin)
{
	struct refusal refusal;

	closep(&attempt->pin_fd);
	attempt->pin_fd = pin_to_descriptor(pin);
	secret_free(pin);
	if (attempt->pin_fd >= 0)
		return 0;
	refusal_set(&refusal, attempt->pin_fd);
	return refusal_say(&refusal);
}

/* Asks the card first, so that the person decides on what is so now. */
static int attempt_ask_pin(struct attempt *attempt, int terminal)
{
	struct applet *applet = attempt->applet;
	struct secret *pin = NULL;
	struct refusal refusal;
	int failure;

	attempt->allow_last_try = attempt->session.arguments->allow_last_try;
	if (!applet_ask_tries(applet, attempt->session.service, &refusal))
		return refusal_say(&refusal);
	if (applet->tries_left == 0)
		return failure_say(FAILURE_PIN_LOCKED,
				   "The %s PIN is locked. Look at: jpkictl pin status",
				   applet->kind);
	attempt->expected_tries = applet->tries_left;
	failure = pin_ask(terminal, applet, &attempt->allow_last_try, &pin);
	return failure != 0 ? failure : attempt_take_pin(attempt, pin);
}

static bool may_ask_again(const struct refusal *refusal)
{
	return refusal->result == ANSWER_PIN_FORMAT ||
	       (refusal->result == ANSWER_PIN_INCORRECT && refusal->tries_left > 1);
}

static int call_from_terminal(struct attempt *attempt, int terminal, DBusMessage **ret_reply)
{
	struct refusal refusal;
	int failure, asked = 0;

	do {
		failure = attempt_ask_pin(attempt, terminal);
		if (failure != 0 || attempt_send(attempt, ret_reply, &refusal))
			return failure;
		failure = refusal_say(&refusal);
	} while (++asked < ASK_MAX && may_ask_again(&refusal));
	return failure;
}

/* With the PIN from --pin-fd, or with none. */
static int call_once(struct attempt *attempt, DBusMessage **ret_reply)
{
	const int fd = attempt->session.arguments->pin_fd;
	struct secret *pin = NULL;
	struct refusal refusal;
	int failure = fd >= 0 ? pin_read(fd, &pin) : 0;

	attempt->allow_last_try = attempt->session.arguments->allow_last_try;
	if (failure == 0 && pin)
		failure = attempt_take_pin(attempt, pin);
	if (failure != 0 || attempt_send(attempt, ret_reply, &refusal))
		return failure;
	return refusal_say(&refusal);
}

int applet_call(const struct arguments *arguments, const struct applet_call *call,
		DBusMessage **ret_reply)
{
	CLEANUP(attempt_clear) struct attempt attempt = { .call = call, .pin_fd = -1 };
	CLEANUP(closep) int terminal = -1;
	struct refusal refusal;
	int failure = session_open(&attempt.session, arguments);

	if (failure == 0)
		failure = session_choose_applet(&attempt.session, &attempt.applet);
	if (failure != 0)
		return failure;

	/* Nobody is asked for a PIN that the service has no use for. */
	if (call->works_without_pin || !attempt.applet->has_certificate) {
		if (attempt_send(&attempt, ret_reply, &refusal))
			return 0;
		if (refusal.result != ANSWER_PIN_REQUIRED)
			return refusal_say(&refusal);
	}
	if (arguments->pin_fd < 0)
		terminal = terminal_open();
	return terminal >= 0 ? call_from_terminal(&attempt, terminal, ret_reply) :
			       call_once(&attempt, ret_reply);
}
