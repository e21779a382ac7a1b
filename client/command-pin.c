/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jpkictl pin status, jpkictl pin verify */
#include "base/cleanup.h"
#include "client/applet-call.h"
#include "client/applet-table.h"
#include "client/command.h"
#include "client/failure.h"
#include "client/json.h"
#include "client/label.h"
#include "client/output.h"

/* Unlike status, this is about nothing else: that the card does not tell is a failure. */
static int ask_both(struct session *session, const struct card *card)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		struct applet *applet = inventory_applet(&session->inventory, card, labels[i].kind);
		struct refusal refusal;

		if (applet && !applet_ask_tries(applet, &session->service, &refusal))
			return refusal_say(&refusal);
	}
	return 0;
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
		failure = ask_both(&session, card);
	if (failure != 0)
		return failure;

	if (!output_open(&output))
		return failure_no_memory();
	if (!arguments->json)
		applet_table_print(&session, card, output.stream);
	else if (!json_print_pins(&session, card, output.stream))
		return failure_no_memory();
	return output_write(&output, NULL);
}

int command_pin_verify(const struct arguments *arguments)
{
	static const struct applet_call verify = { .member = "VerifyPin", .signature = "" };
	CLEANUP(session_close) struct session session = SESSION_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	struct applet *applet;
	int failure = session_open(&session, arguments);

	if (failure == 0)
		failure = session_choose_applet(&session, &applet);
	if (failure == 0)
		failure = applet_call(&session, applet, &verify, &reply);
	if (failure != 0)
		return failure;

	if (!output_open(&output))
		return failure_no_memory();
	fprintf(output.stream, "The %s PIN is right.\n", applet->kind);
	return output_write(&output, NULL);
}
