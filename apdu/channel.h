/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How this layer reaches a card. Who owns the reader injects it; tests inject a script. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	COMMAND_LENGTH_MAX = 4 + 1 + 255 + 1, /* ISO 7816-3 short command APDU, case 4 */
	RESPONSE_LENGTH_MAX = 256 + 2,
};

/* What may be typed at a reader's pad. */
struct pin_entry {
	size_t length_min, length_max; /* at most 255 */
	bool is_new; /* it is asked for twice */
};

struct channel {
	/*
	 * Sends one short command APDU and receives its answer. On entry *response_length is the
	 * room in @response (at least RESPONSE_LENGTH_MAX), on success the bytes received. Returns
	 * 0, a negative errno, or the answer that says why nothing came back (ANSWER_CARD_REMOVED,
	 * ANSWER_READER_ERROR, ANSWER_PCSC_UNAVAILABLE …): then nobody knows whether the card has
	 * acted.
	 */
	int (*transmit)(void *reader, const uint8_t *command, size_t command_length,
			uint8_t *response, size_t *response_length);
	/*
	 * The same for a command whose data field a person types at the reader's own pad: @header
	 * is CLA, INS, P1 and P2. NULL: there is no pad. What the pad has to say itself comes back
	 * as the answer, in the status words of PC/SC part 10.
	 */
	int (*transmit_from_pad)(void *reader, const uint8_t header[4],
				 const struct pin_entry *entry, uint8_t *response,
				 size_t *response_length);
	void *reader;
	const char *name; /* of the reader, for the log */
	/*
	 * Why an answer did not come, or made none; 0: all have come. What answers next may be
	 * another card, so nothing is sent any more.
	 */
	int fault;
};
