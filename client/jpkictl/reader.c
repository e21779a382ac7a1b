/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/reader.h"

#include <string.h>

#include "client/language.h"
#include "client/text.h"

static const struct {
	const char *name; /* a reader's state, or a card's type */
	const char *words;
	enum failure failure;
	const char *advice;
} obstacles[OBSTACLE_COUNT] = {
	[OBSTACLE_NONE] = { "" },
	[OBSTACLE_BUSY] = { "busy", N_("held by another program"), FAILURE_BUSY,
			    N_("Another program holds the card; end that program and repeat the "
			       "command.") },
	[OBSTACLE_MUTE] = { "mute", N_("card that does not answer"), FAILURE_NO_CARD,
			    N_("The card does not answer; turn it over, or put it in once more.") },
	[OBSTACLE_JUKI_CARD] = { "juki-card", N_("住基カード, no longer usable"), FAILURE_NO_CARD,
				 N_("A 住基カード can no longer be used; put a My Number Card "
				    "in.") },
	[OBSTACLE_FOREIGN] = { "card", N_("card without JPKI"), FAILURE_NO_CARD,
			       N_("This card has no JPKI; put a My Number Card in.") },
	[OBSTACLE_UNAVAILABLE] = { "unavailable", N_("not working"), FAILURE_NO_CARD,
				   N_("The reader does not work; unplug it and plug it in "
				      "again.") },
	[OBSTACLE_EMPTY] = { "empty", N_("no card"), FAILURE_NO_CARD,
			     N_("There is no card in the reader; put a My Number Card in.") },
};

enum obstacle reader_obstacle(const struct inventory *inventory, const struct reader *reader)
{
	const struct card *card = inventory_card(inventory, reader);
	const char *name = card ? card->type : reader->state;
	enum obstacle obstacle = OBSTACLE_BUSY;

	if (card && card_is_usable(card))
		return OBSTACLE_NONE;
	while (obstacle < OBSTACLE_COUNT - 1 && strcmp(obstacles[obstacle].name, name) != 0)
		obstacle++;
	return obstacle;
}

const char *reader_words(const struct inventory *inventory, const struct reader *reader)
{
	static const struct word usable[] = {
		{ "mynumber-card", N_("My Number Card") },
		{ "android-phone", N_("Android phone") },
		{ "iphone", N_("iPhone") },
		{ "unknown", N_("JPKI card of an unknown kind") },
		{ 0 },
	};
	const struct card *card = inventory_card(inventory, reader);
	const char *name = card ? card->type : reader->state;
	const enum obstacle obstacle = reader_obstacle(inventory, reader);

	return strcmp(obstacles[obstacle].name, name) == 0 ? _(obstacles[obstacle].words) :
							      text_word(usable, name);
}

enum failure obstacle_failure(enum obstacle obstacle)
{
	return obstacles[obstacle].failure;
}

const char *obstacle_advice(enum obstacle obstacle)
{
	return _(obstacles[obstacle].advice);
}
