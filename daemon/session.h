/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One card as PC/SC holds it for us, and what jobs do with it. All of it may block without limit
 * and is one thread's, but for what is atomic.
 */
#pragma once

#include <stdatomic.h>

#include "daemon/guard.h"
#include "daemon/job.h"
#include "daemon/pcsc.h"

struct session {
	struct pcsc *pcsc;
	struct pcsc_card *card;
	struct jpki jpki;
	struct guard guard;
	/* Somebody may have left the card verified, or an answer was lost: see session_probe(). */
	bool may_be_open;

	atomic_uint_fast64_t waiting_since; /* for the card or its reader: CLOCK_MONOTONIC,
					       microseconds; 0: not waiting; later than
					       now: it may take longer */
	atomic_bool kept_waiting;           /* another program has the card now */
	atomic_int quit; /* set by others: the answer with which what is long ends early */
};

/* What a card says before it is asked for anything. */
struct session_finding {
	struct jpki_token token;
	bool has_pin_pad;             /* the reader… */
	bool takes_new_pins;          /* …at its pad */
	int tries[JPKI_APPLET_COUNT]; /* JPKI_TRIES_UNKNOWN unless it was asked */
};

/*
 * Takes hold of the card in a reader; one that another program had until now may be open. As
 * pcsc_open() and pcsc_connect(); a failed session is closed all the same. @label is borrowed: the
 * reader's name for people.
 */
int session_connect(struct session *session, const char *reader, const char *label, bool exclusive);

/* @power_off: whatever state the card holds is gone with it. */
void session_close(struct session *session, bool power_off);

/*
 * Finds out what the card is. ANSWER_UNSUPPORTED_CARD: not a JPKI card, and untouched but for one
 * SELECT. The keys of one that may be open are closed first, and its counters read.
 */
int session_probe(struct session *session, struct session_finding *ret_finding);

/* From begin to end no other program reaches the card. Not 0: the card is lost. */
int session_begin(struct session *session);
int session_end(struct session *session);

/*
 * Does a claimed job and writes to it what came out. Not 0: the card is lost, whatever the job's
 * own result is: an answer has not come, and what answers next may be another card.
 */
int session_perform(struct session *session, struct job *job);

/* Nobody can use the card's keys afterwards, whatever was verified. Not 0: the card is lost. */
int session_close_keys(struct session *session);
