/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PIN guard: the one place in the project that sends a VERIFY. What it promises: a try is spent
 * only when a person who was told how many are left has typed the PIN.
 */
#pragma once

#include "daemon/job.h"

/*
 * Asks for the counter and writes it to the job; 0 is locked. A card that does not tell how many
 * tries are left is asked again with its verified state cleared; if it still does not,
 * ANSWER_CARD_ERROR: nobody could say whether the next try is the last. job->may_be_open is set
 * where the card was, or may be, verified.
 */
int guard_read_tries(struct jpki *jpki, struct job *job);

/*
 * One VERIFY with the job's PIN, which is wiped with it, after all that speaks against it has been
 * looked at: ANSWER_PIN_LOCKED, ANSWER_TRIES_CHANGED, ANSWER_LAST_TRY, ANSWER_CANCELLED (the job
 * was given up): nothing was sent. ANSWER_PIN_INCORRECT, ANSWER_PIN_LOCKED (it was the last),
 * ANSWER_OUTCOME_UNKNOWN: a try is or may be spent. The caller holds the application selected, and
 * closes the keys whenever job->may_be_open is set. The job's tries are what the card last said.
 */
int guard_verify(struct jpki *jpki, struct job *job);
