/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/pcsc.h without PC/SC: one reader with a card in memory that does what the daemon asks of one. The steps
 * (tests/unit/fake-steps.h) are open, close, watch, connect, disconnect, begin, end, power; pad (a person is asked to
 * type); and of the card SELECT, EF (of a PIN), CLEAR (another application), READ, QUERY, QUERY-CODE, VERIFY, CHANGE,
 * RESET and SIGN. A function that is told an answer does nothing; the card does what it was asked, and it is its answer
 * that gets lost. A watch waits until it is told.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "apdu/jpki.h"
#include "apdu/pin.h"
#include "daemon/pcsc.h"

/* DER of every certificate of the card. */
#define FAKE_CERTIFICATE "\x30\x02\x05\x00"

#define FAKE_RESET_CODE "KEY007"

enum {
	FAKE_RESET_CODE_TRIES = 10,
	FAKE_SIGNATURE_LENGTH = JPKI_SIGNATURE_LENGTH_MAX,
};

struct fake_card {
	bool is_jpki;
	bool refuses_clear; /* it has no other application */
	bool hides_tries;
	bool has_no_sign_pin; /* its query is refused */
	bool has_reset_code; /* FAKE_RESET_CODE */
	bool refuses_new_pins; /* CHANGE and RESET: 6A80, and the code has been compared before */
	char pins[JPKI_APPLET_COUNT][PIN_LENGTH_MAX + 1];
	int tries[JPKI_APPLET_COUNT];
	int code_tries;

	bool selected;
	enum jpki_applet current; /* whose PIN is the current EF */
	bool verified[JPKI_APPLET_COUNT];
};

/* The card: changed by a test while no thread talks to it. */
extern struct fake_card fake_card;

/* The reader's pad: changed likewise. */
extern struct fake_pad {
	bool is_there;
	const char *typed; /* NULL: the person's own word comes instead */
	uint16_t sw; /* 6400 to 6403 */
} fake_pad;

/* What a watch that is told 0 sees. */
extern struct pcsc_readers fake_readers;

/* A JPKI card with all its tries; PINs "1234" and "ABC123"; no pad. Also resets the steps. */
void fake_pcsc_reset(void);
