/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/session.h"
#include "daemon/thread.h"

static const uint64_t stuck_after = 60 * 1000000ULL; /* microseconds */

struct worker {
	struct mailbox *mailbox;
	char *reader; /* this and the next: as in struct worker_options */
	char *label;
	bool exclusive;

	/* Main thread only. */
	const struct worker_events *events; /* NULL once released */
	void *userdata;
	sd_event_source *stuck_timer; /* NULL: it is stuck */

	pthread_mutex_t mutex;
	pthread_cond_t wake;
	/* Protected by the mutex. */
	struct job *waiting; /* by round, then in the order of arrival */
	struct job *running;
	unsigned int round;
	bool idle;

	struct session session; /* the thread's, but for its atomics */

	struct {
		struct mail mail;
		struct session_finding finding;
	} found;
	struct {
		struct mail mail;
		int answer;
	} ended;
};

static unsigned int workers_alive; /* main thread only */

/* --- the thread ------ */

/* The job is the main thread's again. */
static void worker_give_back(struct worker *worker, struct job *job)
{
	pthread_mutex_lock(&worker->mutex);
	worker->running = NULL;
	pthread_mutex_unlock(&worker->mutex);
	mailbox_post(worker->mailbox, &job->mail);
}

/* Does the job if it is still wanted. Not 0: the card is lost. */
static int worker_run(struct worker *worker, struct job *job)
{
	int lost = session_begin(&worker->session);
	bool may_be_open = false;

	if (lost != 0) {
		job->result = lost;
		worker_give_back(worker, job);
		return lost;
	}
	if (job_claim(job)) {
		lost = session_perform(&worker->session, job);
		may_be_open = job->may_be_open;
	}
	/* Who waits for the result need not wait for the card to be closed. */
	worker_give_back(worker, job);

	if (lost == 0 && may_be_open)
		lost = session_close_keys(&worker->session);
	return lost != 0 ? lost : session_end(&worker->session);
}

/* Waits for the next job; NULL: the worker is to end. */
static struct job *worker_next(struct worker *worker)
{
	struct job *job = NULL;

	pthread_mutex_lock(&worker->mutex);
	worker->idle = true;
	while (!worker->waiting && !worker->session.quit)
		pthread_cond_wait(&worker->wake, &worker->mutex);
	worker->idle = false;
	if (!worker->session.quit) {
		job = worker->waiting;
		worker->waiting = TAKE(job->next);
		worker->running = job;
		worker->round = job->round;
	}
	pthread_mutex_unlock(&worker->mutex);
	return job;
}

/* Returns why it ends; 0: it was told to. */
static int worker_serve(struct worker *worker)
{
	struct job *job;
	int answer = session_connect(&worker->session, worker->reader, worker->label,
				     worker->exclusive);

	/* The wait for another program may have outlasted the interest in this card. */
	if (answer != 0 || worker->session.quit)
		return answer;
	answer = session_probe(&worker->session, &worker->found.finding);
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

	/* What ends in a fault ends with the power off: the card may have been left open. */
	session_close(&worker->session, answer != 0 && answer != ANSWER_UNSUPPORTED_CARD);
	worker->ended.answer = answer;
	mailbox_post(worker->mailbox, &worker->ended.mail);
	return NULL;
}

/* --- the main thread ------ */

static void worker_free(struct worker *worker)
{
	sd_event_source_disable_unref(worker->stuck_timer);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->mutex);
	free(worker->reader);
	free(worker->label);
	free(worker);
}

static void found_deliver(struct mail *mail)
{
	struct worker *worker = CONTAINER_OF(mail, struct worker, found.mail);

	/* A card that is being let go is none to give jobs to. */
	if (worker->events && !worker->session.quit)
		worker->events->found(&worker->found.finding, worker->userdata);
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
	struct worker *worker = CONTAINER_OF(mail, struct worker, ended.mail);

	worker_finish_waiting(worker, worker->ended.answer);
	if (worker->events)
		worker->events->ended(worker->ended.answer, worker->userdata);
	workers_alive--;
	worker_free(worker);
}

static void log_stuck(const struct worker *worker)
{
	const struct log_fields fields = { .event = EVENT_CARD_STUCK, .reader = worker->label };

	log_event(LOG_ERR, &fields,
		  "%s: the card has not answered for %d s; pull it out and put it in again",
		  worker->label, (int)(stuck_after / 1000000));
}

static int on_stuck_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct worker *worker = userdata;
	uint64_t since = worker->session.waiting_since, now = clock_microseconds(CLOCK_MONOTONIC);
	struct job *running;
	bool idle;

	pthread_mutex_lock(&worker->mutex);
	running = worker->running;
	idle = worker->idle && !worker->waiting;
	pthread_mutex_unlock(&worker->mutex);

	if (idle)
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (since == 0 || now < since + stuck_after) {
		sd_event_source_set_time(source, (since ? since : now) + stuck_after);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}

	log_stuck(worker);
	worker->stuck_timer = sd_event_source_disable_unref(source);
	/* It cannot have come back yet: mail is delivered by this thread. */
	if (running)
		job_give_up(running);
	if (worker->events)
		worker->events->stuck(worker->userdata);
	return 0;
}

static void worker_arm_stuck_timer(struct worker *worker)
{
	int enabled, r;

	if (!worker->stuck_timer)
		return;
	r = sd_event_source_get_enabled(worker->stuck_timer, &enabled);
	if (r >= 0 && enabled != SD_EVENT_OFF)
		return;
	if (r >= 0)
		r = sd_event_source_set_time_relative(worker->stuck_timer, stuck_after);
	if (r >= 0)
		r = sd_event_source_set_enabled(worker->stuck_timer, SD_EVENT_ONESHOT);
	if (r < 0)
		log_rarely(LOG_WARNING, NULL,
			   "%s: no timer: a card that never answers will not be noticed",
			   worker->label);
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
	worker->session.may_be_open = options->may_be_open;
	worker->session.guard = GUARD_INIT(options->ledger);
	worker->events = events;
	worker->userdata = userdata;
	worker->found.mail.deliver = found_deliver;
	worker->ended.mail.deliver = ended_deliver;
	worker->reader = strdup(options->reader);
	worker->label = strdup(options->label);
	if (worker->reader && worker->label)
		r = sd_event_add_time_relative(event, &worker->stuck_timer, CLOCK_MONOTONIC,
					       stuck_after, 0, on_stuck_timer, worker);
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

void worker_end(struct worker *worker, int answer)
{
	struct job *running;

	worker_arm_stuck_timer(worker);
	pthread_mutex_lock(&worker->mutex);
	/* The first reason stays the one: what follows from it is none. */
	if (!worker->session.quit)
		worker->session.quit = answer;
	running = worker->running;
	pthread_mutex_unlock(&worker->mutex);
	pthread_cond_signal(&worker->wake);

	if (running)
		job_cancel(running, answer);
	worker_finish_waiting(worker, answer);
}

struct worker *worker_release(struct worker *worker, int answer)
{
	if (!worker)
		return NULL;
	worker->events = NULL;
	worker_end(worker, answer);
	return NULL;
}

/* A caller's jobs are in rounds of their own: its second one comes after everybody's first. */
static void worker_insert(struct worker *worker, struct job *job)
{
	struct job **place = &worker->waiting;

	job->round = worker->round;
	if (worker->running && strcmp(worker->running->caller, job->caller) == 0)
		job->round++;
	for (const struct job *other = worker->waiting; other; other = other->next)
		if (strcmp(other->caller, job->caller) == 0)
			job->round = other->round + 1;

	while (*place && (*place)->round <= job->round)
		place = &(*place)->next;
	job->next = *place;
	*place = job;
}

/* Whether it was still waiting, and is not any more. */
static bool worker_unlink(struct worker *worker, struct job *job)
{
	struct job **place = &worker->waiting;

	pthread_mutex_lock(&worker->mutex);
	while (*place && *place != job)
		place = &(*place)->next;
	if (*place)
		*place = TAKE(job->next);
	else
		job = NULL;
	pthread_mutex_unlock(&worker->mutex);
	return job != NULL;
}

void worker_cancel(struct worker *worker, struct job *job, int answer)
{
	if (!worker_unlink(worker, job)) {
		job_cancel(job, answer);
		return;
	}
	job_finish(job, answer);
	job_free(job);
}

void worker_submit(struct worker *worker, struct job *job)
{
	job->reader = worker->label;
	worker_arm_stuck_timer(worker);

	pthread_mutex_lock(&worker->mutex);
	worker_insert(worker, job);
	pthread_mutex_unlock(&worker->mutex);
	/* Woken sooner, the thread would only wait for the mutex. */
	pthread_cond_signal(&worker->wake);
}

bool worker_is_kept_waiting(const struct worker *worker)
{
	return worker->session.kept_waiting;
}

unsigned int worker_count(void)
{
	return workers_alive;
}
