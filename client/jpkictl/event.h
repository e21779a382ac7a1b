/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Something that has happened to the service, its readers or cards; and a line that tells it. */
#pragma once

#include <stdio.h>
#include <time.h>

#include "client/inventory.h"

enum event_kind {
	EVENT_SERVICE_RUNNING,
	EVENT_SERVICE_GONE,
	EVENT_PCSCD,
	EVENT_READER_ADDED,
	EVENT_READER_REMOVED,
	EVENT_READER_STATE,
	EVENT_CARD_INSERTED,
	EVENT_CARD_REMOVED,
	EVENT_TRIES,
};

struct event {
	enum event_kind kind;
	bool is_initial; /* it was so when the watching began, or the service came back */
	time_t time;
	const struct inventory *inventory; /* as it is then */
	const struct reader *reader;       /* of those that are about one */
	const struct card *card;           /* of the two about cards, and of tries */
	const struct applet *applet;       /* of tries */
};

/* A word of no language. */
const char *event_name(const struct event *event);

/* For a person, with a newline. */
void event_print(const struct event *event, FILE *stream);
