/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jpkictl status */
#include <string.h>

#include "base/cleanup.h"
#include "client/applet-table.h"
#include "client/command.h"
#include "client/failure.h"
#include "client/json.h"
#include "client/label.h"
#include "client/output.h"

static const char *reader_label(const struct reader *reader, const struct card *card)
{
	static const struct {
		const char *state, *label;
	} states[] = {
		{ "empty", "no card" },
		{ "card", "a card without JPKI" },
		{ "mute", "a card that does not answer" },
		{ "busy", "held by another program" },
		{ "unavailable", "not working" },
	};

	if (card)
		return label_of_card_type(card->type);
	for (size_t i = 0; i < LENGTH_OF(states); i++)
		if (strcmp(states[i].state, reader->state) == 0)
			return states[i].label;
	return reader->state;
}

static void ask_all(struct session *session)
{
	for (size_t i = 0; i < session->inventory.reader_count; i++) {
		const struct reader *reader = &session->inventory.readers[i];
		const struct card *card = inventory_card(&session->inventory, reader);

		if (card && card_is_usable(card) && session_means_reader(session, reader))
			applet_table_ask(session, card);
	}
}

static void print_readers(struct session *session, FILE *stream)
{
	for (size_t i = 0; i < session->inventory.reader_count; i++) {
		const struct reader *reader = &session->inventory.readers[i];
		const struct card *card = inventory_card(&session->inventory, reader);

		if (!session_means_reader(session, reader))
			continue;
		fprintf(stream, "%s: %s\n", reader->name, reader_label(reader, card));
		if (card && card_is_usable(card))
			applet_table_print(session, card, stream);
	}
}

int command_status(const struct arguments *arguments)
{
	CLEANUP(session_close) struct session session = SESSION_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	int failure = session_open(&session, arguments);

	if (failure != 0)
		return failure;
	if (!output_open(&output))
		return failure_no_memory();

	ask_all(&session);
	if (!arguments->json)
		print_readers(&session, output.stream);
	else if (!json_print_status(&session, output.stream))
		return failure_no_memory();
	failure = output_write(&output, NULL);
	return failure != 0 ? failure : session_expect_card(&session);
}
