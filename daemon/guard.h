/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PIN guard: the one place in the project that sends a PIN or a reset code to a card. What it
 * promises: a try is spent only when a person who was told how many are left has typed the PIN.
 */
#pragma once

#include "daemon/job.h"
#include "daemon/ledger.h"

/* What the guard knows of one card, from its insertion to its removal; its worker's alone. */
struct guard {
	struct ledger ledger;
	bool knows_card; /* ledger.card is its */
	struct secret *key;
	unsigned int pin_numbers[JPKI_APPLET_COUNT]; /* of the PIN that holds, see struct job */
	/* The last of each that is known to be wrong, as a digest with the key. */
	struct secret *refused[LEDGER_SECRET_COUNT];
};
/* @directory: of the ledger, or the negative errno with which it could not be opened. */
#define GUARD_INIT(directory_) ((struct guard){ .ledger = { .directory = (directory_) } })
void guard_clear(struct guard *guard);

/* A certificate that was read for a caller may be the one by which the card is told. */
void guard_learn(struct guard *guard, const struct job *job);

/*
 * Asks for the counter and writes it to the job; 0 is locked. A card that does not tell how many
 * tries are left is asked again with its verified state cleared; if it still does not,
 * ANSWER_CARD_ERROR: nobody could say whether the next try is the last. job->may_be_open is set
 * where the card was, or may be, verified.
 */
int guard_read_tries(struct jpki *jpki, struct job *job);

/*
 * All that speaks against a PIN of this job's user, in the contract's order, with nothing sent that
 * costs a try: ANSWER_HELD_OFF (until job->held_until), ANSWER_PIN_REQUIRED (a lease's, and another
 * may hold by now), ANSWER_PIN_INCORRECT (the same as the card has just refused),
 * ANSWER_PIN_LOCKED, ANSWER_TRIES_CHANGED, ANSWER_LAST_TRY. 0: job->tries is what the person is to
 * be told. A negative errno: the ledger cannot be read.
 */
int guard_check(struct guard *guard, struct jpki *jpki, struct job *job);

/*
 * guard_check(), then one VERIFY with the job's PIN, which is wiped with it unless it is about to
 * be changed. ANSWER_CANCELLED (the job was given up), a negative errno (the ledger cannot be
 * written): nothing was sent. ANSWER_PIN_INCORRECT, ANSWER_PIN_LOCKED (it was the last),
 * ANSWER_OUTCOME_UNKNOWN: a try is or may be spent. At the reader's pad also ANSWER_DISMISSED,
 * ANSWER_TIMEOUT and ANSWER_PIN_FORMAT: none is. The caller holds the application selected, and
 * closes the keys whenever job->may_be_open is set. The job's tries are what the card last said.
 */
int guard_verify(struct guard *guard, struct jpki *jpki, struct job *job);

/*
 * After guard_verify() with the PIN that holds, and in the same transaction: sets the new one,
 * which is not tried, and reads the counter. From then on the old one is known to be wrong.
 * ANSWER_CARD_ERROR: the card has refused it, and the old one holds. ANSWER_OUTCOME_UNKNOWN: nobody
 * knows which holds.
 */
int guard_change(struct guard *guard, struct jpki *jpki, struct job *job);

/*
 * Sets the new PIN with the reset code (job->pin), which has tries of its own that are guarded like
 * a PIN's; job->code_tries tells them. Answers as guard_verify(), of the code. Then the PIN's
 * counter is read.
 */
int guard_reset(struct guard *guard, struct jpki *jpki, struct job *job);
