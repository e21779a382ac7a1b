/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A reader, as a person sees it: what is in it, and what keeps that from being used. */
#pragma once

#include "client/failure.h"
#include "client/inventory.h"

/* The earlier, the nearer to being of use. */
enum obstacle {
	OBSTACLE_NONE,
	OBSTACLE_BUSY,
	OBSTACLE_MUTE,
	OBSTACLE_JUKI_CARD,
	OBSTACLE_FOREIGN, /* a card without JPKI */
	OBSTACLE_UNAVAILABLE,
	OBSTACLE_EMPTY,
	OBSTACLE_COUNT,
};

/* A state that is not known counts as the last one. */
enum obstacle reader_obstacle(const struct inventory *inventory, const struct reader *reader);

/* What is in @reader, or that nothing is, in a few words. */
const char *reader_words(const struct inventory *inventory, const struct reader *reader);

/* What an @obstacle is to who needs a card, and what to do about it: a sentence. Not of NONE. */
enum failure obstacle_failure(enum obstacle obstacle);
const char *obstacle_advice(enum obstacle obstacle);
