/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that holds one card, from its insertion to its removal, and does one job after the other with it. These
 * functions are the main thread's, and never block; PC/SC may block the thread for as long as it likes.
 */
#pragma once

#include "apdu/jpki.h"
#include "daemon/job.h"
#include "daemon/mailbox.h"

struct worker;

/* What the main thread is told, in the main thread. */
struct worker_events {
	/* A JPKI card is in the reader, and held. */
	void (*found)(const struct jpki_token *token, void *userdata);
	/*
	 * The worker is no more; the jobs that it still had have been finished. ANSWER_UNSUPPORTED_CARD: not a JPKI card,
	 * let go. ANSWER_BUSY: another program holds it. ANSWER_READER_ERROR: it does not answer to power or to a
	 * first command. ANSWER_CARD_REMOVED, ANSWER_PCSC_UNAVAILABLE, ANSWER_NOT_AUTHORIZED, or a negative errno.
	 */
	void (*ended)(int answer, void *userdata);
	/* An APDU has had no answer for a minute. Neither found() nor ended() comes any more. */
	void (*stuck)(void *userdata);
};

struct worker_options {
	const char *reader;
	bool exclusive;
	bool close_first; /* somebody may have left the card verified: end that before anything else */
};

/* @options is copied; @events is static. */
int worker_new(struct mailbox *mailbox, sd_event *event, const struct worker_options *options,
	       const struct worker_events *events, void *userdata, struct worker **ret_worker);

/*
 * The worker ends as soon as PC/SC lets it; no event comes any more. Waiting jobs are finished with @answer now, a job
 * that has begun when it ends. NULL is allowed; returns NULL.
 */
struct worker *worker_release(struct worker *worker, int answer);

/* Hands the job over. Callers take turns. */
void worker_submit(struct worker *worker, struct job *job);

/* Another program keeps the card from the worker at this moment. */
bool worker_is_kept_waiting(const struct worker *worker);

/* Threads that have not ended yet: what an orderly stop waits for. */
unsigned int worker_count(void);
