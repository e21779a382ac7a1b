/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/audit.h"

static void job_deliver(struct mail *mail)
{
	struct job *job = (struct job *)mail;

	job->back = true;
	audit_job(job);
	job_finish(job, job->result);
	job_free(job);
}

struct job *job_new(enum job_kind kind, enum jpki_applet applet, const char *caller,
		    const struct rules *rules)
{
	CLEANUP(job_freep) struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->mail.deliver = job_deliver;
	job->kind = kind;
	job->applet = applet;
	job->rules = *rules;
	job->code_tries = JPKI_TRIES_UNKNOWN;
	job->operation = job->scheme = job->reader = "";
	job->caller = strdup(caller);
	return job->caller ? TAKE(job) : NULL;
}

static void free_each(struct job_bytes *list, size_t count)
{
	for (size_t i = 0; list && i < count; i++)
		free(list[i].bytes);
	free(list);
}

static void job_wipe(struct job *job)
{
	job->pin = secret_free(job->pin);
	job->new_pin = secret_free(job->new_pin);
}

struct job *job_free(struct job *job)
{
	if (!job)
		return NULL;
	job_wipe(job);
	free_each(job->inputs, job->input_count);
	free_each(job->signatures, job->input_count);
	/* The sign certificate is its holder's name and address. */
	if (job->certificate.bytes)
		explicit_bzero(job->certificate.bytes, job->certificate.length);
	free(job->certificate.bytes);
	free(job->caller);
	free(job);
	return NULL;
}

void job_freep(struct job **job)
{
	*job = job_free(*job);
}

static bool job_change_state(struct job *job, int from, int to)
{
	return atomic_compare_exchange_strong(&job->state, &from, to);
}

bool job_claim(struct job *job)
{
	return job_change_state(job, JOB_WAITING, JOB_CLAIMED);
}

bool job_begin_verify(struct job *job)
{
	return job_change_state(job, JOB_CLAIMED, JOB_VERIFYING);
}

void job_end_verify(struct job *job)
{
	job_change_state(job, JOB_VERIFYING, JOB_CLAIMED);
}

bool job_cancel(struct job *job, int answer)
{
	if (!job_change_state(job, JOB_WAITING, JOB_CANCELLED))
		return false;
	job_wipe(job);
	job_finish(job, answer);
	return true;
}

void job_give_up(struct job *job)
{
	bool stopped = job_change_state(job, JOB_WAITING, JOB_CANCELLED) ||
		       job_change_state(job, JOB_CLAIMED, JOB_CANCELLED);

	if (!stopped || job->sent)
		audit_given_up(job);
	job_finish(job, stopped ? ANSWER_READER_ERROR : ANSWER_OUTCOME_UNKNOWN);
}

void job_finish(struct job *job, int result)
{
	void (*done)(struct job *, int, void *) = job->done;

	job->done = NULL;
	if (done)
		done(job, result, job->userdata);
}
