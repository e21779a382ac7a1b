/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/new-pin.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "client/failure.h"
#include "client/jpkictl/applet-call.h"
#include "client/jpkictl/pin.h"
#include "client/language.h"

/* The new PIN, and another where the service has refused the form of @last. */
static int take_new_pin(struct applet_call *call, const struct refusal *last)
{
	const int fd = call->session.arguments->new_pin_fd;

	if (call->new_pin && last->result != ANSWER_PIN_FORMAT)
		return 0;
	if (call->new_pin && fd >= 0)
		return FAILURE_NO_PIN;
	call->new_pin = secret_free(call->new_pin);
	if (fd >= 0)
		return pin_read(fd, _("new PIN"), &call->new_pin);
	if (call->terminal < 0)
		return failure_say(FAILURE_NO_PIN,
				   _("This needs the new PIN: repeat the command in a terminal, or "
				     "give the new PIN with --new-pin-fd."));
	return pin_ask_new(call->terminal, call->label, call->pin, &call->new_pin);
}

/* --- change ------ */

static int prepare_change(struct applet_call *call, const struct refusal *last)
{
	return call->is_at_pad ? 0 : take_new_pin(call, last);
}

/*
 * Checks the PIN that holds by itself: who mistypes it hears so before making up a new one.
 * ChangePin wants the new one when it is called, so it could only have the old one asked for after.
 */
static int check_old_pin(struct applet_call *call)
{
	static const struct applet_method verify = { .member = "VerifyPin", .signature = "" };
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	int failure = applet_call_make(call, &verify, &reply);

	if (failure != 0)
		return failure;
	applet_call_keep_pin(call);
	return 0;
}

int new_pin_change(const struct arguments *arguments)
{
	static const struct applet_method change = {
		.member = "ChangePin",
		.signature = "",
		.prepare = prepare_change,
		.sets_pin = true,
	};
	CLEANUP(applet_call_clear) struct applet_call call = APPLET_CALL_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	int failure = applet_call_open(&call, arguments);

	if (failure == 0)
		failure = applet_call_find_pin(&call, arguments->new_pin_fd < 0);
	if (failure == 0 && call.agent.agent)
		failure = check_old_pin(&call);
	return failure != 0 ? failure : applet_call_make(&call, &change, &reply);
}

/* --- reset ------ */

static int take_reset_code(struct applet_call *call)
{
	const int fd = call->session.arguments->reset_code_fd;

	call->reset_code = secret_free(call->reset_code);
	if (fd >= 0)
		return pin_read(fd, _("reset code"), &call->reset_code);
	if (call->terminal < 0)
		return failure_say(FAILURE_NO_PIN,
				   _("This needs the reset code: repeat the command in a terminal, "
				     "or give the code with --reset-code-fd."));
	return pin_ask_reset_code(call->terminal, &call->reset_code);
}

static int prepare_reset(struct applet_call *call, const struct refusal *last)
{
	int failure;

	/* Nobody is asked for what is of no use: the service says so, and which way there is. */
	if (!call->applet->can_reset_pin)
		return 0;
	failure = take_reset_code(call);
	return failure != 0 ? failure : take_new_pin(call, last);
}

int new_pin_reset(const struct arguments *arguments)
{
	static const struct applet_method reset = {
		.member = "ResetPin",
		.signature = "",
		.prepare = prepare_reset,
		.sets_pin = true,
	};
	CLEANUP(applet_call_clear) struct applet_call call = APPLET_CALL_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	int failure = applet_call_open(&call, arguments);

	call.allow_last_try = arguments->allow_last_try;
	return failure != 0 ? failure : applet_call_make(&call, &reset, &reply);
}
