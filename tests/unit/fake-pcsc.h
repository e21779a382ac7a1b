/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/pcsc.h without PC/SC: one reader with a card in memory that does what the daemon asks of one. The steps
 * (tests/unit/fake-steps.h) are open, close, watch, connect, disconnect, begin, end, power; and of the card SELECT,
 * CLEAR (another application), READ, QUERY, VERIFY and SIGN. A function that is told an answer does nothing; the card
 * does what it was asked, and it is its answer that gets lost. A watch waits until it is told.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apdu/jpki.h"
#include "daemon/pcsc.h"

/* DER of every certificate of the card. */
#define FAKE_CERTIFICATE "\x30\x02\x05\x00"

enum {
	FAKE_SIGNATURE_LENGTH = JPKI_SIGNATURE_LENGTH_MAX,
};

struct fake_card {
	bool is_jpki;
	bool refuses_clear; /* it has no other application */
	bool hides_tries;
	bool has_no_sign_pin; /* its query is refused */
	int tries[JPKI_APPLET_COUNT];

	bool selected;
	bool verified[JPKI_APPLET_COUNT];
};

/* The card: changed by a test while no thread talks to it. */
extern struct fake_card fake_card;

/* What a watch that is told 0 sees. */
extern struct pcsc_readers fake_readers;

/* A JPKI card with all its tries; PINs "1234" and "ABC123". Also resets the steps. */
void fake_pcsc_reset(void);
