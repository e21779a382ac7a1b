/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that holds one card, from its insertion to its removal, and does one job after the
 * other with it. These functions are the main thread's, and never block; PC/SC may block the thread
 * for as long as it likes.
 */
#pragma once

#include "daemon/mailbox.h"
#include "daemon/session.h"

struct worker;

/* What the main thread is told, in the main thread. */
struct worker_events {
	/* A JPKI card is in the reader, and held. */
	void (*found)(const struct session_finding *finding, void *userdata);
	/*
	 * The worker is no more; the jobs that it still had have been finished.
	 * ANSWER_UNSUPPORTED_CARD: not a JPKI card, let go. ANSWER_BUSY: another program holds it.
	 * ANSWER_CARD_REMOVED, ANSWER_PCSC_UNAVAILABLE, ANSWER_NOT_AUTHORIZED. 0: it was told to,
	 * by worker_end(), and the card is free. Anything else: the card or the reader did not
	 * answer as it should; the card is without power, and what is in the reader now is for a
	 * new worker to find out.
	 */
	void (*ended)(int answer, void *userdata);
	/*
	 * An APDU, or letting the card go, has taken a minute. Neither found() nor ended() comes
	 * any more.
	 */
	void (*stuck)(void *userdata);
};

struct worker_options {
	const char *reader; /* pcscd's name for it */
	const char *label;  /* the name for people: valid UTF-8 */
	bool exclusive;
	bool may_be_open; /* see session_probe() */
	int ledger;       /* the guard's directory, see GUARD_INIT() */
};

/* @options is copied; @events is static. */
int worker_new(struct mailbox *mailbox, sd_event *event, const struct worker_options *options,
	       const struct worker_events *events, void *userdata, struct worker **ret_worker);

/*
 * The worker ends as soon as PC/SC lets it, and then ended() comes: with 0, unless it has met
 * something else. Waiting jobs are finished with @answer now, a job that has begun when it ends.
 */
void worker_end(struct worker *worker, int answer);

/* The same, but no event comes any more. NULL is allowed; returns NULL. */
struct worker *worker_release(struct worker *worker, int answer);

/* Hands the job over. Callers take turns. */
void worker_submit(struct worker *worker, struct job *job);

/*
 * Calls a submitted job off and finishes it with @answer, unless it has begun: then it ends by
 * itself.
 */
void worker_cancel(struct worker *worker, struct job *job, int answer);

/* Another program keeps the card from the worker at this moment. */
bool worker_is_kept_waiting(const struct worker *worker);

/* Threads that have not ended yet: what an orderly stop waits for. */
unsigned int worker_count(void);
