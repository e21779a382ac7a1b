/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/guard.h"
#include "daemon/pcsc.h"
#include "daemon/thread.h"

enum {
	/* pcscd still holds the place of a client that has just ended. */
	CONNECT_ATTEMPTS = 3,
	CONNECT_PAUSE_MILLISECONDS = 100,
};

static const uint64_t stuck_after = 60 * 1000000ULL; /* microseconds */

struct worker {
	struct mailbox *mailbox;
	char *reader;
	bool exclusive;
	bool close_first;

	/* Main thread only. */
	const struct worker_events *events; /* NULL once released */
	void *userdata;
	sd_event_source *stuck_timer;

	pthread_mutex_t mutex;
	pthread_cond_t wake;
	/* Protected by the mutex. */
	struct job *waiting; /* by round, then in the order of arrival */
	struct job *running;
	unsigned int round;
	bool idle;
	bool quit;

	atomic_uint_fast64_t apdu_since; /* CLOCK_MONOTONIC, microseconds; 0: none is out */
	atomic_bool kept_waiting;

	/* The thread only. */
	struct pcsc *pcsc;
	struct pcsc_card *card;
	struct jpki jpki;

	struct {
		struct mail mail;
		struct jpki_token token;
	} found;
	struct {
		struct mail mail;
		int answer;
	} ended;
};

static unsigned int workers_alive; /* main thread only */

#define WORKER_OF(mail_, member_) ((struct worker *)(void *)((char *)(mail_) - offsetof(struct worker, member_)))

static uint64_t now_microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

/* --- the thread: with the card ------------------------------------------------------------------------------- */

static int worker_transmit(void *userdata, const uint8_t *command, size_t command_length, uint8_t *response,
			   size_t *response_length)
{
	struct worker *worker = userdata;
	int answer;

	worker->apdu_since = now_microseconds();
	answer = pcsc_transmit(worker->card, command, command_length, response, response_length);
	worker->apdu_since = 0;
	return answer;
}

static void worker_forget_card_state(struct worker *worker)
{
	worker->jpki = JPKI_INIT(((struct channel){ worker_transmit, worker }));
}

/* Nobody can use the card's keys afterwards, whatever was verified. */
static int worker_close_card(struct worker *worker)
{
	int answer = jpki_clear(&worker->jpki);

	if (answer == 0)
		return 0;
	answer = pcsc_power_cycle(worker->card);
	worker_forget_card_state(worker);
	return answer;
}

static int worker_close_and_select(struct worker *worker)
{
	int answer = worker_close_card(worker);

	return answer == 0 ? jpki_select(&worker->jpki) : answer;
}

/* After a transport error: a card that starts afresh, and the counter as it is now. */
static int worker_recover(struct worker *worker, struct job *job)
{
	int answer = pcsc_power_cycle(worker->card);

	worker_forget_card_state(worker);
	if (answer == 0)
		answer = jpki_select(&worker->jpki);
	if (answer != 0)
		return answer;
	answer = guard_read_tries(&worker->jpki, job);
	return answer == ANSWER_PIN_LOCKED ? 0 : answer;
}

static int read_certificate(struct worker *worker, struct job *job, enum jpki_certificate which)
{
	return jpki_read_certificate(&worker->jpki, job->applet, which, &job->certificate.bytes,
				     &job->certificate.length);
}

static int sign_one(struct worker *worker, struct job *job, const struct job_bytes *input,
		    struct job_bytes *signature)
{
	CLEANUP(freep) uint8_t *bytes = malloc(JPKI_SIGNATURE_LENGTH_MAX);
	int answer;

	if (!bytes)
		return -ENOMEM;
	answer = jpki_sign(&worker->jpki, job->applet, job->padding, input->bytes, input->length, bytes,
			   &signature->length);
	if (answer == 0)
		signature->bytes = TAKE(bytes);
	return answer;
}

static int sign_all(struct worker *worker, struct job *job)
{
	job->signatures = calloc(job->input_count, sizeof(*job->signatures));
	if (!job->signatures)
		return -ENOMEM;

	for (size_t i = 0; i < job->input_count; i++) {
		int answer = sign_one(worker, job, &job->inputs[i], &job->signatures[i]);

		if (answer != 0)
			return answer;
	}
	return job->needs_certificate ? read_certificate(worker, job, JPKI_HOLDER_CERTIFICATE) : 0;
}

static int read_tries(struct worker *worker, struct job *job)
{
	int answer = guard_read_tries(&worker->jpki, job);

	return answer == ANSWER_PIN_LOCKED ? 0 : answer;
}

static int worker_perform(struct worker *worker, struct job *job)
{
	int answer = jpki_select(&worker->jpki);

	if (answer == 0 && job->pin)
		answer = guard_verify(&worker->jpki, job);
	if (answer != 0)
		return answer;

	switch (job->kind) {
	case JOB_READ_CERTIFICATE:
		return read_certificate(worker, job, job->which);
	case JOB_READ_TRIES:
		return read_tries(worker, job);
	case JOB_VERIFY_PIN:
		return 0;
	case JOB_SIGN:
		return sign_all(worker, job);
	}
	return -EINVAL;
}

static bool is_transport_error(int answer)
{
	return answer == ANSWER_READER_ERROR || answer == ANSWER_OUTCOME_UNKNOWN;
}

static bool is_lost(int answer)
{
	return answer == ANSWER_CARD_REMOVED || answer == ANSWER_PCSC_UNAVAILABLE;
}

/* Returns 0, or why the card is lost. */
static int worker_run_claimed(struct worker *worker, struct job *job)
{
	bool verify_sent;
	int lost = 0;

	job->result = worker_perform(worker, job);
	job->ins = worker->jpki.ins;
	job->sw = worker->jpki.sw;
	verify_sent = job->verify_sent;
	if (is_transport_error(job->result))
		lost = worker_recover(worker, job);
	else if (is_lost(job->result))
		lost = job->result;

	/* Who waits for the result need not wait for the card to be closed. */
	pthread_mutex_lock(&worker->mutex);
	worker->running = NULL;
	pthread_mutex_unlock(&worker->mutex);
	mailbox_post(worker->mailbox, &job->mail);

	if (lost != 0)
		return lost;
	return verify_sent ? worker_close_card(worker) : 0;
}

static int worker_begin(struct worker *worker)
{
	int answer;

	worker->kept_waiting = true;
	answer = pcsc_begin(worker->card);
	worker->kept_waiting = false;
	return answer;
}

/* Returns 0, or why the card is lost. */
static int worker_run(struct worker *worker, struct job *job)
{
	int answer = worker_begin(worker);

	if (answer == 0 && job_claim(job)) {
		answer = worker_run_claimed(worker, job);
	} else {
		pthread_mutex_lock(&worker->mutex);
		worker->running = NULL;
		pthread_mutex_unlock(&worker->mutex);
		job->result = answer;
		mailbox_post(worker->mailbox, &job->mail);
	}
	if (answer != 0)
		return answer;
	return pcsc_end(worker->card);
}

/* Waits for the next job; NULL: the worker is to end. */
static struct job *worker_next(struct worker *worker)
{
	struct job *job = NULL;

	pthread_mutex_lock(&worker->mutex);
	worker->idle = true;
	while (!worker->waiting && !worker->quit)
		pthread_cond_wait(&worker->wake, &worker->mutex);
	worker->idle = false;
	if (!worker->quit) {
		job = worker->waiting;
		worker->waiting = TAKE(job->next);
		worker->running = job;
		worker->round = job->round;
	}
	pthread_mutex_unlock(&worker->mutex);
	return job;
}

/* --- the thread: from the reader to the card ----------------------------------------------------------------- */

static int worker_connect(struct worker *worker)
{
	const struct timespec pause = { 0, CONNECT_PAUSE_MILLISECONDS * 1000000L };
	int answer = pcsc_open(&worker->pcsc);

	if (answer != 0)
		return answer;
	worker->kept_waiting = true;
	for (int attempt = 1;; attempt++) {
		answer = pcsc_connect(worker->pcsc, worker->reader, worker->exclusive, &worker->card);
		if (answer != ANSWER_BUSY || attempt == CONNECT_ATTEMPTS)
			break;
		nanosleep(&pause, NULL);
	}
	worker->kept_waiting = false;
	return answer;
}

/* What is asked of every card that is put in: is it one of ours, and which. */
static int worker_probe(struct worker *worker)
{
	int answer = worker_begin(worker);

	worker_forget_card_state(worker);
	if (answer == 0)
		answer = jpki_select(&worker->jpki);
	/* Only now is it known to be a card that may be touched so. */
	if (answer == 0 && worker->close_first)
		answer = worker_close_and_select(worker);
	if (answer == 0)
		answer = jpki_read_token(&worker->jpki, &worker->found.token);
	if (answer == 0)
		answer = pcsc_end(worker->card);
	return answer;
}

static int worker_serve(struct worker *worker)
{
	struct job *job;
	int answer = worker_connect(worker);

	if (answer == 0)
		answer = worker_probe(worker);
	if (answer != 0)
		return answer;

	mailbox_post(worker->mailbox, &worker->found.mail);
	while (answer == 0 && (job = worker_next(worker)))
		answer = worker_run(worker, job);
	return answer;
}

static void *worker_main(void *userdata)
{
	struct worker *worker = userdata;
	int answer = worker_serve(worker);

	/* What ends in a fault ends with the power off: a card may have been left open. */
	worker->card = pcsc_disconnect(worker->card, answer != 0 && answer != ANSWER_UNSUPPORTED_CARD);
	worker->pcsc = pcsc_close(worker->pcsc);
	worker->ended.answer = answer;
	mailbox_post(worker->mailbox, &worker->ended.mail);
	return NULL;
}

/* --- the main thread ------------------------------------------------------------------------------------------ */

static void worker_free(struct worker *worker)
{
	sd_event_source_disable_unref(worker->stuck_timer);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->mutex);
	free(worker->reader);
	free(worker);
}

static void found_deliver(struct mail *mail)
{
	struct worker *worker = WORKER_OF(mail, found.mail);

	if (worker->events)
		worker->events->found(&worker->found.token, worker->userdata);
}

/* Takes all waiting jobs out and finishes them. */
static void worker_finish_waiting(struct worker *worker, int answer)
{
	struct job *job, *next;

	pthread_mutex_lock(&worker->mutex);
	job = TAKE(worker->waiting);
	pthread_mutex_unlock(&worker->mutex);

	for (; job; job = next) {
		next = job->next;
		job_finish(job, answer);
		job_free(job);
	}
}

static void ended_deliver(struct mail *mail)
{
	struct worker *worker = WORKER_OF(mail, ended.mail);

	worker_finish_waiting(worker, worker->ended.answer);
	if (worker->events)
		worker->events->ended(worker->ended.answer, worker->userdata);
	workers_alive--;
	worker_free(worker);
}

static int on_stuck_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct worker *worker = userdata;
	uint64_t since = worker->apdu_since, now = now_microseconds();
	struct job *running;
	bool idle;

	pthread_mutex_lock(&worker->mutex);
	running = worker->running;
	idle = worker->idle && !worker->waiting;
	pthread_mutex_unlock(&worker->mutex);

	if (idle)
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (since == 0 || now - since < stuck_after) {
		sd_event_source_set_time(source, (since ? since : now) + stuck_after);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}

	log_error("%s: the card has not answered for %d s; pull it out and put it in again", worker->reader,
		  (int)(stuck_after / 1000000));
	/* It cannot have come back yet: mail is delivered by this thread. */
	if (running)
		job_finish(running, running->in_doubt ? ANSWER_OUTCOME_UNKNOWN : ANSWER_READER_ERROR);
	if (worker->events)
		worker->events->stuck(worker->userdata);
	(void)usec;
	return 0;
}

static int worker_arm_stuck_timer(struct worker *worker)
{
	int enabled, r = sd_event_source_get_enabled(worker->stuck_timer, &enabled);

	if (r < 0 || enabled != SD_EVENT_OFF)
		return r;
	r = sd_event_source_set_time(worker->stuck_timer, now_microseconds() + stuck_after);
	return r < 0 ? r : sd_event_source_set_enabled(worker->stuck_timer, SD_EVENT_ONESHOT);
}

int worker_new(struct mailbox *mailbox, sd_event *event, const struct worker_options *options,
	       const struct worker_events *events, void *userdata, struct worker **ret_worker)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int r = -ENOMEM;

	if (!worker)
		return r;
	pthread_mutex_init(&worker->mutex, NULL);
	pthread_cond_init(&worker->wake, NULL);
	worker->mailbox = mailbox;
	worker->exclusive = options->exclusive;
	worker->close_first = options->close_first;
	worker->events = events;
	worker->userdata = userdata;
	worker->found.mail.deliver = found_deliver;
	worker->ended.mail.deliver = ended_deliver;
	worker->reader = strdup(options->reader);
	if (worker->reader)
		r = sd_event_add_time(event, &worker->stuck_timer, CLOCK_MONOTONIC,
				      now_microseconds() + stuck_after, 0, on_stuck_timer, worker);
	if (r >= 0)
		r = thread_start(worker_main, worker);
	if (r < 0) {
		worker_free(worker);
		return r;
	}
	workers_alive++;
	*ret_worker = worker;
	return 0;
}

struct worker *worker_release(struct worker *worker, int answer)
{
	struct job *running;

	if (!worker)
		return NULL;
	worker->events = NULL;
	pthread_mutex_lock(&worker->mutex);
	worker->quit = true;
	running = worker->running;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->mutex);

	if (running)
		job_cancel(running, answer);
	worker_finish_waiting(worker, answer);
	return NULL;
}

/* A caller's jobs wait in rounds of their own: its second one comes after everybody's first. */
static void worker_insert(struct worker *worker, struct job *job)
{
	struct job **place = &worker->waiting;

	job->round = worker->round;
	for (const struct job *other = worker->waiting; other; other = other->next)
		if (strcmp(other->caller, job->caller) == 0)
			job->round = other->round + 1;

	while (*place && (*place)->round <= job->round)
		place = &(*place)->next;
	job->next = *place;
	*place = job;
}

void worker_submit(struct worker *worker, struct job *job)
{
	if (worker_arm_stuck_timer(worker) < 0)
		log_warning("%s: no timer: a card that never answers will not be noticed", worker->reader);

	pthread_mutex_lock(&worker->mutex);
	worker_insert(worker, job);
	pthread_mutex_unlock(&worker->mutex);
	/* Woken sooner, the thread would only wait for the mutex. */
	pthread_cond_signal(&worker->wake);
}

bool worker_is_kept_waiting(const struct worker *worker)
{
	return worker->kept_waiting;
}

unsigned int worker_count(void)
{
	return workers_alive;
}
