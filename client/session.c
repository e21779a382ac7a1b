/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/session.h"

#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/output.h"

int session_open(struct session *session, const struct arguments *arguments)
{
	struct refusal refusal;
	int failure;

	session->arguments = arguments;
	failure = service_open(&session->service);
	if (failure != 0)
		return failure;
	return inventory_load(&session->inventory, session->service, &refusal) ?
		       0 :
		       refusal_say(&refusal);
}

void session_close(struct session *session)
{
	inventory_clear(&session->inventory);
	service_close(session->service);
}

bool session_means_reader(const struct session *session, const struct reader *reader)
{
	const char *wanted = session->arguments->reader;

	return !wanted || strcmp(reader->path, wanted) == 0 || strstr(reader->name, wanted);
}

static bool means_card(const struct session *session, const struct card *card)
{
	const struct reader *reader = inventory_reader(&session->inventory, card);
	const char *wanted = session->arguments->card;

	return reader && session_means_reader(session, reader) &&
	       (!wanted || strcmp(card->path, wanted) == 0) && card_is_usable(card);
}

/* The first usable card that is meant after @after (NULL: of all). */
static const struct card *next_card(const struct session *session, const struct card *after)
{
	const struct inventory *inventory = &session->inventory;

	for (size_t i = after ? (size_t)(after - inventory->cards) + 1 : 0;
	     i < inventory->card_count; i++)
		if (means_card(session, &inventory->cards[i]))
			return &inventory->cards[i];
	return NULL;
}

/* --- no card --------------------------------------------------------------------------------- */

/* The state of a reader, or "juki-card" for what is in it. */
static const char *obstacle(const struct session *session, const struct reader *reader)
{
	const struct card *card = inventory_card(&session->inventory, reader);

	return card && !card_is_usable(card) ? card->type : reader->state;
}

/* Where there are several readers, what comes first here is the best reason. */
static const struct {
	const char *obstacle;
	enum failure failure;
	const char *advice;
} reasons[] = {
	{ "busy", FAILURE_BUSY,
	  "Another program holds the card in it; end that program and repeat." },
	{ "mute", FAILURE_NO_CARD,
	  "The card in it does not answer; turn it over, or put it in once more." },
	{ "juki-card", FAILURE_NO_CARD,
	  "The card in it is a 住基カード, now of no use; a My Number Card is needed." },
	{ "card", FAILURE_NO_CARD, "The card in it has no JPKI; put a My Number Card in." },
	{ "unavailable", FAILURE_NO_CARD, "It does not work; unplug it and plug it in again." },
	{ "empty", FAILURE_NO_CARD, "There is no card in it; put a My Number Card in." },
};

static int say_no_card(const struct session *session)
{
	const struct inventory *inventory = &session->inventory;
	const char *wanted = session->arguments->reader;

	if (!inventory->manager.pcsc_available)
		return failure_say(FAILURE_NO_SERVICE,
				   "The smart card service pcscd is not there; start it with: "
				   "systemctl start pcscd.socket");
	if (inventory->reader_count == 0)
		return failure_say(FAILURE_NO_CARD, "There is no card reader; connect one.");
	if (session->arguments->card)
		return failure_say(FAILURE_NO_CARD,
				   "There is no usable card '%s'%s; look at: jpkictl status",
				   session->arguments->card, wanted ? " in that reader" : "");

	for (size_t reason = 0; reason < LENGTH_OF(reasons); reason++) {
		for (size_t i = 0; i < inventory->reader_count; i++) {
			const struct reader *reader = &inventory->readers[i];

			if (session_means_reader(session, reader) &&
			    strcmp(obstacle(session, reader), reasons[reason].obstacle) == 0)
				return failure_say(reasons[reason].failure, "%s: %s", reader->name,
						   reasons[reason].advice);
		}
	}
	return failure_say(FAILURE_NO_CARD, "There is no reader '%s'; look at: jpkictl status",
			   wanted ? wanted : "");
}

int session_expect_card(const struct session *session)
{
	return next_card(session, NULL) ? 0 : say_no_card(session);
}

/* --- one card -------------------------------------------------------------------------------- */

static int say_several(const struct session *session)
{
	CLEANUP(output_clear) struct output list = OUTPUT_INIT;
	const struct card *card = NULL;
	int failure = output_open(&list);

	if (failure != 0)
		return failure;
	while ((card = next_card(session, card)))
		fprintf(list.stream, "%s%s in '%s'", ftell(list.stream) > 0 ? ", " : "", card->path,
			inventory_reader(&session->inventory, card)->name);
	if (fflush(list.stream) != 0)
		return failure_no_memory();
	return failure_say(FAILURE_USAGE,
			   "Several cards are there; choose one with --reader or --card: %s",
			   list.bytes);
}

int session_choose_card(const struct session *session, const struct card **ret_card)
{
	const struct card *card = next_card(session, NULL);

	if (!card)
		return say_no_card(session);
	if (next_card(session, card))
		return say_several(session);
	*ret_card = card;
	return 0;
}

int session_choose_applet(struct session *session, const struct reader **ret_reader,
			  struct applet **ret_applet)
{
	const struct card *card;
	int failure = session_choose_card(session, &card);

	if (failure != 0)
		return failure;
	*ret_reader = inventory_reader(&session->inventory, card);
	*ret_applet = inventory_applet(&session->inventory, card, session->arguments->applet);
	if (!*ret_applet)
		return failure_say(FAILURE_NO_CARD,
				   "The card is gone; put it in again and repeat.");
	return 0;
}
