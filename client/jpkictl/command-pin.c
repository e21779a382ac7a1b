/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cleanup.h"
#include "base/error.h"
#include "client/failure.h"
#include "client/jpkictl/applet-call.h"
#include "client/jpkictl/applet.h"
#include "client/jpkictl/command.h"
#include "client/jpkictl/json.h"
#include "client/jpkictl/new-pin.h"
#include "client/jpkictl/sheet.h"
#include "client/jpkictl/style.h"
#include "client/language.h"
#include "client/output.h"

/* Where polkit wants to ask the user first. */
static bool ask_tries(struct session *session, const struct card *card, struct refusal *ret_refusal)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		struct applet *applet = inventory_applet(&session->inventory, card, labels[i].kind);

		if (!applet)
			continue;
		if (!applet_ask_tries(applet, session->service, ret_refusal))
			return false;
		applet->description_result = 0; /* nobody has been refused in the end */
	}
	return true;
}

/* Unlike status, this is about nothing else: that the card does not tell is a failure. */
static int fill(struct session *session, const struct card *card)
{
	struct refusal refusal;

	if (card_look(card, &session->inventory, session->service, &refusal))
		return 0;
	if (refusal.result == ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED &&
	    ask_tries(session, card, &refusal))
		return 0;
	return refusal_say(&refusal);
}

int command_pin_status(const struct arguments *arguments)
{
	CLEANUP(session_close) struct session session = SESSION_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	const struct card *card;
	int failure = session_open(&session, arguments);

	if (failure == 0)
		failure = session_choose_card(&session, &card);
	if (failure == 0)
		failure = fill(&session, card);
	if (failure == 0)
		failure = output_open(&output);
	if (failure != 0)
		return failure;

	if (!arguments->json)
		sheet_print(&session, card, output.stream, style_is_wanted());
	else if (!json_print_pins(&session, card, output.stream))
		return failure_no_memory();
	return output_write(&output, NULL);
}

int command_pin_verify(const struct arguments *arguments)
{
	static const struct applet_method verify = { .member = "VerifyPin", .signature = "" };
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	int failure = applet_call_run(arguments, &verify, true, &reply, &output);

	if (failure != 0)
		return failure;
	fprintf(output.stream, _("The %s is right.\n"), _(label_find(arguments->applet)->pin));
	return output_write(&output, NULL);
}

static int set_pin(const struct arguments *arguments,
		   int (*set)(const struct arguments *arguments))
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	int failure = set(arguments);

	if (failure == 0)
		failure = output_open(&output);
	if (failure != 0)
		return failure;
	fprintf(output.stream, _("The new %s is set.\n"), _(label_find(arguments->applet)->pin));
	return output_write(&output, NULL);
}

int command_pin_change(const struct arguments *arguments)
{
	return set_pin(arguments, new_pin_change);
}

int command_pin_reset(const struct arguments *arguments)
{
	return set_pin(arguments, new_pin_reset);
}
