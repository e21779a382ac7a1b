/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/error-dbus.h"
#include "daemon/lease.h"
#include "daemon/worker.h"
#include "dbus/authority.h"
#include "dbus/descriptor.h"

struct manager *request_manager(const struct request *request)
{
	return request->applet->card->manager;
}

/* --- one of many ------ */

static bool too_many(const struct manager *manager, const char *sender)
{
	unsigned int all = 0, own = 0;

	for (const struct request *request = manager->requests; request; request = request->next) {
		all++;
		own += strcmp(call_sender(request->call), sender) == 0;
	}
	return all >= manager->config->calls || own >= manager->config->calls_per_caller;
}

static void request_unlink(struct request *request)
{
	struct request **place = &request_manager(request)->requests;

	while (*place != request)
		place = &(*place)->next;
	*place = request->next;
}

/* All but the call, which has been ended or is about to be. */
static void request_free(struct request *request)
{
	request_unlink(request);
	authorization_cancel(request->authorization);
	descriptor_read_cancel(request->reading);
	agent_question_cancel(request->question);
	sd_event_source_disable_unref(request->deadline);
	options_clear(&request->options);
	secret_free(request->pin);
	if (request->out != request->job)
		job_free(request->job);
	card_unref(request->applet->card);
	free(request);
}

/* @job: the one that tells more about a failure. */
static void request_end(struct request *request, int result, const struct job *job)
{
	/* Polkit is told through the call, which is about to end. */
	request->authorization = authorization_cancel(request->authorization);
	if (result == 0)
		request->finish(request);
	else
		call_fail_result(request->call, result, request->applet, job);
	request_free(request);
}

void request_fail(struct request *request, int result, const char *complaint)
{
	if (!complaint)
		return request_end(request, result, request->job);
	request->authorization = authorization_cancel(request->authorization);
	call_fail(request->call, (enum answer)result, "%s", complaint);
	request_free(request);
}

/* Where the card is gone, its worker has finished all that had not begun. */
static void request_cancel_out(struct request *request, int answer)
{
	struct worker *worker = request->applet->card->worker;

	if (worker)
		worker_cancel(worker, request->out, answer);
}

/* What the worker has begun with ends by itself, but nothing follows it. */
static void request_call_off(struct request *request, int answer)
{
	if (request->called_off == 0)
		request->called_off = answer;
	if (request->out)
		request_cancel_out(request, answer);
	else
		request_fail(request, answer, NULL);
}

/* The caller has left the bus: the result goes nowhere. */
static void on_gone(void *userdata)
{
	request_call_off(userdata, ANSWER_CANCELLED);
}

struct request *request_new(struct call *call, DBusMessageIter *options, enum job_kind kind,
			    void (*finish)(struct request *request))
{
	struct applet *applet = call_userdata(call);
	struct manager *manager = applet->card->manager;
	struct request *request;

	if (too_many(manager, call_sender(call))) {
		call_fail_result(call, ANSWER_LIMITS_EXCEEDED, applet, NULL);
		return NULL;
	}
	request = calloc(1, sizeof(*request));
	if (request)
		request->job = job_new(kind, applet->kind, call_sender(call),
				       &manager->config->rules);
	if (!request || !request->job) {
		free(request);
		call_fail_result(call, -ENOMEM, applet, NULL);
		return NULL;
	}
	request->job->operation = call_method(call)->name;
	request->call = call;
	request->applet = applet;
	request->options = OPTIONS_INIT;
	request->finish = finish;
	card_ref(applet->card);
	request->next = manager->requests;
	manager->requests = request;

	if (!options_read_for(call, options, &request->options)) {
		request_free(request);
		return NULL;
	}
	call_on_gone(call, on_gone, request);
	return request;
}

/* --- the card's turn ------ */

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct request *request = userdata;
	const struct worker *worker = request->applet->card->worker;

	request_cancel_out(request,
			   worker && worker_is_kept_waiting(worker) ? ANSWER_BUSY : ANSWER_TIMEOUT);
	return 0;
}

/* The worker has @job from here on. */
static int request_hand_over(struct request *request, struct job *job)
{
	struct worker *worker = request->applet->card->worker;
	uint64_t timeout = (uint64_t)request->options.timeout * USEC_PER_MSEC;
	int r;

	if (!worker)
		return ANSWER_CARD_REMOVED;
	r = sd_event_add_time_relative(request_manager(request)->event, &request->deadline,
				       CLOCK_MONOTONIC, timeout, 0, on_deadline, request);
	if (r < 0)
		return r;
	job->userdata = request;
	request->out = job;
	worker_submit(worker, job);
	return 0;
}

/* OpenSSL keeps a state for each thread that reads certificates, so only the main one does. */
static int job_check_certificate(struct job *job)
{
	if (job->result == 0 && job->certificate.bytes)
		job->result = certificate_check(job->certificate.bytes, job->certificate.length);
	return job->result;
}

/* What is refused once from a lease would be refused again, for whatever reason. */
static bool is_end_of_lease(const struct job *job, int result)
{
	if (result == ANSWER_CARD_ERROR)
		return job->may_be_open && !job->verified;
	return result == ANSWER_PIN_INCORRECT || result == ANSWER_PIN_LOCKED ||
	       result == ANSWER_PIN_REQUIRED || result == ANSWER_OUTCOME_UNKNOWN;
}

static void end_refused_lease(struct applet *applet, const struct job *job)
{
	struct lease *lease = lease_find(applet, job->caller);

	if (lease && lease_pin_number(lease) == job->pin_number)
		lease_end(lease);
}

static void on_job_done(struct job *job, int result, void *userdata)
{
	struct request *request = userdata;

	if (job->back) {
		result = job_check_certificate(job);
		applet_learn(request->applet, job);
	}
	if ((job->kind == JOB_CHANGE_PIN || job->kind == JOB_RESET_PIN) && result == 0)
		leases_end(request->applet);
	if (job->from_lease && is_end_of_lease(job, result))
		end_refused_lease(request->applet, job);
	request_end(request, result, job);
}

/* What was read before answers now; 0: @request's job has it. */
static bool answer_from_memory(struct request *request)
{
	const struct job_bytes *kept = &request->applet->certificates[request->job->which];
	struct job_bytes *certificate = &request->job->certificate;

	if (request->job->kind != JOB_READ_CERTIFICATE || !kept->bytes)
		return false;
	certificate->bytes = malloc(kept->length);
	if (!certificate->bytes)
		return false;
	memcpy(certificate->bytes, kept->bytes, kept->length);
	certificate->length = kept->length;
	return true;
}

void request_submit(struct request *request)
{
	int answer;

	if (answer_from_memory(request))
		return request_end(request, 0, request->job);
	request->job->done = on_job_done;
	answer = request_hand_over(request, request->job);
	if (answer != 0)
		request_fail(request, answer, NULL);
}

static void on_inquiry_done(struct job *inquiry, int result, void *userdata)
{
	struct request *request = userdata;

	request->out = NULL;
	request->deadline = sd_event_source_disable_unref(request->deadline);
	if (inquiry->back)
		applet_learn(request->applet, inquiry);
	if (result == 0)
		result = request->called_off;
	if (result != 0)
		return request_end(request, result, inquiry);
	request->known(request, inquiry->tries);
}

void request_inquire(struct request *request, void (*known)(struct request *request, int tries))
{
	const struct job *job = request->job;
	CLEANUP(job_freep) struct job *inquiry =
		job_new(JOB_CHECK_PIN, job->applet, job->caller, &job->rules);
	int answer = -ENOMEM;

	if (inquiry) {
		inquiry->uid = job->uid;
		inquiry->pid = job->pid;
		inquiry->operation = job->operation;
		inquiry->has_expected_tries = job->has_expected_tries;
		inquiry->expected_tries = job->expected_tries;
		inquiry->allow_last_try = job->allow_last_try;
		inquiry->done = on_inquiry_done;
		request->known = known;
		answer = request_hand_over(request, inquiry);
	}
	if (answer == 0)
		inquiry = NULL;
	else
		request_fail(request, answer, NULL);
}

/* --- all of them ------ */

void requests_cancel(struct manager *manager, const struct card *card, int answer)
{
	struct request *request, *next;

	for (request = manager->requests; request; request = next) {
		next = request->next;
		if (!card || request->applet->card == card)
			request_call_off(request, answer);
	}
}

void requests_give_up(struct manager *manager)
{
	struct request *request, *next;

	for (request = manager->requests; request; request = next) {
		next = request->next;
		if (request->out)
			job_give_up(request->out);
	}
}
