/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/applet-call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/advice.h"
#include "client/failure.h"
#include "client/jpkictl/applet.h"
#include "client/jpkictl/pin.h"
#include "client/jpkictl/terminal.h"
#include "client/language.h"

int applet_call_open(struct applet_call *call, const struct arguments *arguments)
{
	int failure = session_open(&call->session, arguments);

	if (failure == 0)
		failure = session_choose_applet(&call->session, &call->reader, &call->applet);
	if (failure != 0)
		return failure;
	call->label = label_find(arguments->applet);
	/* A script that gives what is tried is not asked again when it is wrong. */
	if (arguments->pin_fd < 0 && arguments->reset_code_fd < 0)
		call->terminal = terminal_open();
	return 0;
}

void applet_call_clear(struct applet_call *call)
{
	terminal_agent_close(&call->agent);
	secret_free(call->pin);
	secret_free(call->new_pin);
	secret_free(call->reset_code);
	closep(&call->terminal);
	session_close(&call->session);
}

/* --- where the PIN comes from ------ */

static int take_pad(struct applet_call *call)
{
	const struct arguments *arguments = call->session.arguments;

	/* Where the one PIN is typed, the other is as well. */
	if (arguments->pin_fd >= 0 || arguments->new_pin_fd >= 0)
		return failure_say(FAILURE_USAGE,
				   _("%s and --pin-pad cannot be used together."),
				   arguments->pin_fd >= 0 ? "--pin-fd" : "--new-pin-fd");
	if (!call->reader->has_pin_pad)
		return failure_say(FAILURE_USAGE, _("The reader '%s' has no keypad for PINs."),
				   call->reader->name);
	if (call->terminal < 0)
		return failure_say(
			FAILURE_NO_PIN,
			_("--pin-pad needs a terminal, to show how many tries are left."));
	call->is_at_pad = true;
	return 0;
}

int applet_call_find_pin(struct applet_call *call, bool takes_pad)
{
	const struct arguments *arguments = call->session.arguments;

	call->allow_last_try = arguments->allow_last_try;
	/* Few pads have letters. */
	takes_pad = takes_pad && call->terminal >= 0 && call->reader->has_pin_pad &&
		    strcmp(arguments->applet, "auth") == 0;
	if (arguments->pin_pad || takes_pad)
		return take_pad(call);
	if (arguments->pin_fd >= 0)
		return pin_read(arguments->pin_fd, _(call->label->pin), &call->pin);
	if (call->terminal < 0)
		return 0;
	return terminal_agent_open(&call->agent, call->session.service, call->terminal,
				   call->applet);
}

/* --- the message ------ */

struct body {
	const struct applet_call *call;
	const struct applet_method *method;
};

static void write_secret(struct writer *options, const char *key, const struct secret *secret)
{
	CLEANUP(closep) int fd = -1;

	if (!secret)
		return;
	fd = pin_to_descriptor(secret);
	writer_entry_fd(options, key, fd);
}

static void write_body(struct writer *writer, const void *data)
{
	const struct body *body = data;
	const struct applet_call *call = body->call;
	struct writer options;

	if (body->method->write)
		body->method->write(writer, body->method->data);
	writer_open(writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	write_secret(&options, "pin", call->pin);
	write_secret(&options, "new-pin", call->new_pin);
	write_secret(&options, "reset-code", call->reset_code);
	/* Of none left, too: who does not say how many there are is not let to the pad. */
	if (call->is_at_pad || call->expected_tries > 0)
		writer_entry_uint32(&options, "expected-tries", call->expected_tries);
	if (call->is_at_pad && call->session.arguments->pin_pad)
		writer_entry_boolean(&options, "pin-pad", true);
	if (call->allow_last_try)
		writer_entry_boolean(&options, "allow-last-try", true);
	writer_close(&options);
}

static bool call_send(struct applet_call *call, const struct applet_method *method,
		      DBusMessage **ret_reply, struct refusal *ret_refusal)
{
	const struct body body = { call, method };
	const struct request request = {
		.path = call->applet->path,
		.interface = APPLET_INTERFACE,
		.member = method->member,
		.signature = method->signature,
		.write = write_body,
		.data = &body,
		.meanwhile = call->agent.agent ? terminal_agent_run : NULL,
		.userdata = &call->agent,
	};

	call->agent.pin = secret_free(call->agent.pin);
	call->agent.failure = 0;
	if (service_call(call->session.service, &request, ret_reply, ret_refusal))
		return true;
	/* A service that has gone with the PIN, or answers nonsense, may have used it. */
	if ((call->pin || call->reset_code || call->is_at_pad || call->agent.pin) &&
	    (ret_refusal->result == -ENOTCONN || ret_refusal->result == -EPROTO))
		refusal_set(ret_refusal, ANSWER_OUTCOME_UNKNOWN);
	return false;
}

/* --- the call ------ */

/* Asks the card first, so that the person types what is to be sent now; consent comes before. */
static int prepare_pad(struct applet_call *call, bool sets_pin)
{
	const uint32_t reserve = call->session.inventory.manager.reserve;
	struct applet *applet = call->applet;
	struct refusal refusal;

	if (!applet_ask_tries(applet, call->session.service, &refusal))
		return refusal_say(&refusal);
	call->expected_tries = (uint32_t)applet->tries_left;
	if (applet->tries_left < 1 || (call->expected_tries <= reserve && !call->allow_last_try))
		return 0;
	return pin_send_to_pad(call->terminal, applet, call->label, sets_pin);
}

/* What is tried: the PIN, or the code that resets it. */
static const char *tried(const struct applet_call *call)
{
	return call->reset_code ? _("reset code") : _(call->label->pin);
}

/* What can be done about a locked one, in one line. */
static char *way_out(struct applet_call *call, char line[ADVICE_TEXT_SIZE])
{
	struct applet applet = *call->applet;
	char text[ADVICE_TEXT_SIZE], *rest;

	/* A code that is locked itself resets nothing. */
	applet.can_reset_pin = applet.can_reset_pin && !call->reset_code;
	rest = advice_text(advice_find(&call->session.inventory, &applet), call->label, text);
	snprintf(line, ADVICE_TEXT_SIZE, "%s", strsep(&rest, "\n"));
	if (rest)
		/* TRANSLATORS: two sentences */
		snprintf(line, ADVICE_TEXT_SIZE, _("%s %s"), text, rest);
	return line;
}

static int say_refusal(struct applet_call *call, const struct applet_method *method,
		       const struct refusal *refusal)
{
	char line[ADVICE_TEXT_SIZE];

	if (call->agent.failure != 0)
		return call->agent.failure;
	if (refusal->result == ANSWER_OUTCOME_UNKNOWN && method->sets_pin)
		return failure_say(FAILURE_PIN_WRONG,
				   _("The card's answer was lost, so it is not known whether the "
				     "new PIN is set. Put the card in again and check the new one "
				     "first, with: jpkictl pin verify %s"),
				   call->label->kind);
	if (refusal->result == ANSWER_PIN_LOCKED)
		return failure_say(FAILURE_PIN_LOCKED, _("The %s is locked. %s"), tried(call),
				   way_out(call, line));
	if (refusal->result == ANSWER_RESET_NOT_POSSIBLE)
		return failure_say(FAILURE_NOT_POSSIBLE,
				   _("This card has no reset code for its holder; nothing was sent "
				     "to it. %s"),
				   way_out(call, line));
	if (refusal->result == ANSWER_PIN_FORMAT && call->reset_code)
		return failure_say(FAILURE_NO_PIN,
				   _("The reset code is 1 to 16 visible characters. %s"),
				   _(call->label->pin_rule));
	if (refusal->result == ANSWER_PIN_FORMAT)
		return failure_say(FAILURE_NO_PIN, "%s", _(call->label->pin_rule));
	/* jpkictl sends nothing else that can be refused so, and has compared the two itself. */
	if (refusal->result == ANSWER_INVALID_INPUT && method->sets_pin)
		return failure_say(FAILURE_NO_PIN,
				   _("The new PIN is the same as the old one; nothing was "
				     "changed."));
	return refusal_say_about(refusal, tried(call));
}

static int make_once(struct applet_call *call, const struct applet_method *method,
		     DBusMessage **ret_reply, struct refusal *ret_refusal)
{
	int failure = call->is_at_pad ? prepare_pad(call, method->sets_pin) : 0;

	if (failure != 0 || call_send(call, method, ret_reply, ret_refusal))
		return failure;
	if (ret_refusal->result != ANSWER_LAST_TRY || call->terminal < 0 || call->allow_last_try)
		return say_refusal(call, method, ret_refusal);

	failure = pin_ask_consent(call->terminal, tried(call), ret_refusal->tries_left);
	if (failure != 0)
		return failure;
	call->allow_last_try = true;
	return make_once(call, method, ret_reply, ret_refusal);
}

static bool is_mistake(const struct refusal *refusal)
{
	return refusal->result == ANSWER_PIN_FORMAT ||
	       (refusal->result == ANSWER_PIN_INCORRECT && refusal->tries_left > 1);
}

int applet_call_make(struct applet_call *call, const struct applet_method *method,
		     DBusMessage **ret_reply)
{
	struct refusal refusal = { 0 };
	int failure, asked = 0;

	do {
		/* A consent is to one try. */
		if (refusal.result == ANSWER_PIN_INCORRECT)
			call->allow_last_try = call->session.arguments->allow_last_try;
		failure = method->prepare ? method->prepare(call, &refusal) : 0;
		if (failure != 0)
			return failure;
		refusal.result = 0;
		failure = make_once(call, method, ret_reply, &refusal);
	} while (failure != 0 && ++asked < PIN_ASK_MAX && call->terminal >= 0 &&
		 is_mistake(&refusal));
	return failure;
}

void applet_call_keep_pin(struct applet_call *call)
{
	if (!call->agent.pin)
		return;
	call->pin = TAKE(call->agent.pin);
	/* The right PIN has just given back all of them. */
	call->expected_tries = call->applet->tries_max;
	call->allow_last_try = false;
}

int applet_call_run(const struct arguments *arguments, const struct applet_method *method,
		    bool takes_pad, DBusMessage **ret_reply, struct output *output)
{
	CLEANUP(applet_call_clear) struct applet_call call = APPLET_CALL_INIT;
	int failure = applet_call_open(&call, arguments);

	if (failure == 0 && !arguments->issuer)
		failure = applet_call_find_pin(&call, takes_pad);
	if (failure == 0)
		failure = applet_call_make(&call, method, ret_reply);
	return failure != 0 ? failure : output_open(output);
}

bool applet_call_bytes(DBusMessage *reply, const uint8_t **ret_bytes, size_t *ret_length)
{
	DBusMessageIter iter;

	dbus_message_iter_init(reply, &iter);
	message_read_bytes(&iter, ret_bytes, ret_length);
	return *ret_length > 0;
}
