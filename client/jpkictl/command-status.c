/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cleanup.h"
#include "client/failure.h"
#include "client/jpkictl/applet.h"
#include "client/jpkictl/command.h"
#include "client/jpkictl/json.h"
#include "client/jpkictl/reader.h"
#include "client/jpkictl/session.h"
#include "client/jpkictl/sheet.h"
#include "client/jpkictl/style.h"
#include "client/output.h"

/* 0, or the failure of a card that does not tell what it should. */
static int look_at_card(struct session *session, const struct reader *reader)
{
	struct inventory *inventory = &session->inventory;
	char sentence[REFUSAL_SENTENCE_SIZE];
	struct refusal refusal;

	/* Who may not ask is shown what is known. */
	if (reader_obstacle(inventory, reader) != OBSTACLE_NONE ||
	    card_look(inventory_card(inventory, reader), inventory, session->service, &refusal) ||
	    failure_of(refusal.result) == FAILURE_NOT_AUTHORIZED)
		return 0;
	return failure_say(failure_of(refusal.result), "%s: %s", reader->name,
			   refusal_sentence(&refusal, NULL, sentence));
}

static void print_reader(struct session *session, const struct reader *reader, FILE *stream)
{
	const struct inventory *inventory = &session->inventory;
	const enum obstacle obstacle = reader_obstacle(inventory, reader);

	if (ftell(stream) > 0)
		fputc('\n', stream);
	fprintf(stream, "%s: %s\n", reader->name, reader_words(inventory, reader));
	if (obstacle == OBSTACLE_NONE)
		sheet_print(session, inventory_card(inventory, reader), stream, style_is_wanted());
	/* Where no reader has one, session_expect_card() says it. */
	else if (obstacle != OBSTACLE_EMPTY && session_has_card(session))
		fprintf(stream, "  %s\n", obstacle_advice(obstacle));
}

int command_status(const struct arguments *arguments)
{
	CLEANUP(session_close) struct session session = SESSION_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	const struct inventory *inventory = &session.inventory;
	int failed = 0, failure = session_open(&session, arguments);

	if (failure == 0)
		failure = output_open(&output);
	if (failure != 0)
		return failure;

	for (size_t i = 0; i < inventory->reader_count; i++) {
		const struct reader *reader = &inventory->readers[i];

		if (!session_means_reader(&session, reader))
			continue;
		failure = look_at_card(&session, reader);
		failed = failure != 0 ? failure : failed;
		if (!arguments->json)
			print_reader(&session, reader, output.stream);
	}
	if (arguments->json && !json_print_status(&session, output.stream))
		return failure_no_memory();
	failure = output_write(&output, NULL);
	if (failure != 0 || failed != 0)
		return failure != 0 ? failure : failed;
	return session_expect_card(&session);
}
