/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apdu/pin.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/error-dbus.h"
#include "daemon/worker.h"
#include "dbus/authority.h"
#include "dbus/descriptor.h"

enum {
	OPEN_MAX = 128,
	OPEN_PER_CALLER_MAX = 16,
};

static const char last_try_action[] = "org.jpkid1.last-try";

static struct manager *request_manager(const struct request *request)
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
	return all >= OPEN_MAX || own >= OPEN_PER_CALLER_MAX;
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
	descriptor_read_cancel(request->pin_read);
	sd_event_source_disable_unref(request->deadline);
	options_clear(&request->options);
	if (!request->submitted)
		job_free(request->job);
	card_unref(request->applet->card);
	free(request);
}

static void request_end(struct request *request, int result)
{
	/* Polkit is told through the call, which is about to end. */
	request->authorization = authorization_cancel(request->authorization);
	if (result == 0)
		request->finish(request);
	else if (result == ANSWER_INVALID_INPUT && request->complaint)
		call_fail(request->call, ANSWER_INVALID_INPUT, "%s", request->complaint);
	else
		call_fail_result(request->call, result, request->applet,
				 request->job->back ? request->job : NULL);
	request_free(request);
}

void request_fail(struct request *request, int result)
{
	request_end(request, result);
}

/* Where the card is gone, its worker has finished all that had not begun. */
static void request_cancel_job(struct request *request, int answer)
{
	struct worker *worker = request->applet->card->worker;

	if (worker)
		worker_cancel(worker, request->job, answer);
}

/* The caller has left the bus. What has begun ends by itself, and its result goes nowhere. */
static void on_gone(void *userdata)
{
	struct request *request = userdata;

	if (request->submitted)
		request_cancel_job(request, ANSWER_CANCELLED);
	else
		request_end(request, ANSWER_CANCELLED);
}

struct request *request_new(struct call *call, DBusMessageIter *options, enum job_kind kind,
			    void (*finish)(struct request *request))
{
	struct applet *applet = call_userdata(call);
	struct manager *manager = applet->card->manager;
	struct request *request;
	const char *key = "";
	int answer = ANSWER_LIMITS_EXCEEDED;

	if (too_many(manager, call_sender(call))) {
		call_fail_result(call, answer, applet, NULL);
		return NULL;
	}
	request = calloc(1, sizeof(*request));
	if (request)
		request->job = job_new(kind, applet->kind, call_sender(call));
	if (!request || !request->job) {
		free(request);
		call_fail_result(call, -ENOMEM, applet, NULL);
		return NULL;
	}
	request->call = call;
	request->applet = applet;
	request->options = OPTIONS_INIT;
	request->finish = finish;
	card_ref(applet->card);
	request->next = manager->requests;
	manager->requests = request;

	answer = options_read(options, call_method(call)->options, &request->options, &key);
	if (answer != 0) {
		call_fail(call, ANSWER_INVALID_INPUT,
			  "The option '%s' is not one of this method's, or its value is not right; "
			  "see org.jpkid1(5).",
			  key);
		request_free(request);
		return NULL;
	}
	call_on_gone(call, on_gone, request);
	return request;
}

/* --- the card's turn ------ */

/* OpenSSL keeps a state for each thread that uses it, so only the main one does. */
static int job_check_certificate(struct job *job)
{
	if (job->result == 0 && job->certificate.bytes)
		job->result = certificate_check(job->certificate.bytes, job->certificate.length);
	return job->result;
}

static void on_job_done(struct job *job, int result, void *userdata)
{
	struct request *request = userdata;

	if (job->back) {
		result = job_check_certificate(job);
		applet_learn(request->applet, job);
	}
	request_end(request, result);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct request *request = userdata;
	const struct worker *worker = request->applet->card->worker;

	(void)source;
	(void)usec;
	request_cancel_job(request,
			   worker && worker_is_kept_waiting(worker) ? ANSWER_BUSY : ANSWER_TIMEOUT);
	return 0;
}

static void request_submit(struct request *request)
{
	struct worker *worker = request->applet->card->worker;
	uint64_t timeout = (uint64_t)request->options.timeout * 1000;
	int r;

	if (!worker)
		return request_end(request, ANSWER_CARD_REMOVED);
	r = sd_event_add_time_relative(request_manager(request)->event, &request->deadline,
				       CLOCK_MONOTONIC, timeout, 0, on_deadline, request);
	if (r < 0)
		return request_end(request, r);

	request->job->done = on_job_done;
	request->job->userdata = request;
	request->submitted = true;
	worker_submit(worker, request->job);
}

/* --- the PIN's way in ------ */

static bool needs_pin(const struct request *request)
{
	const struct job *job = request->job;

	switch (job->kind) {
	case JOB_SIGN:
	case JOB_VERIFY_PIN:
		return true;
	case JOB_READ_CERTIFICATE:
		return jpki_certificate_needs_pin(request->applet->card->type, job->applet,
						  job->which);
	case JOB_READ_TRIES:
		return false;
	}
	return true;
}

static void on_pin(int result, struct secret *secret, void *userdata)
{
	struct request *request = userdata;

	request->pin_read = NULL;
	request->complaint = "The PIN's descriptor did not come to its end within 2 seconds, or "
			     "broke; nothing was sent to the card. Write the PIN and close the "
			     "other end before the call.";
	request->job->pin = secret;
	if (result == 0)
		result = pin_normalise(request->applet->kind, secret);
	if (result != 0)
		return request_end(request, result);
	request_submit(request);
}

static void request_read_pin(struct request *request)
{
	int r = descriptor_read_secret(request_manager(request)->event,
				       TAKE_FD(request->options.pin), PIN_LENGTH_MAX, on_pin,
				       request, &request->pin_read);

	if (r < 0)
		request_end(request, r);
}

/* --- authorisation ------ */

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

static void request_authorised(struct request *request)
{
	struct job *job = request->job;

	job->has_expected_tries = request->options.has_expected_tries;
	job->expected_tries = request->options.expected_tries;
	job->allow_last_try = request->options.allow_last_try;
	job->needs_certificate = job->kind == JOB_SIGN && !request->applet->key;

	if (!request->applet->card->worker)
		return request_end(request, ANSWER_CARD_REMOVED);
	if (answer_from_memory(request))
		return request_end(request, 0);
	if (needs_pin(request))
		return request_read_pin(request);
	request_submit(request);
}

static void on_last_try_authorised(int result, uid_t uid, void *userdata)
{
	struct request *request = userdata;

	(void)uid;
	request->authorization = NULL;
	if (result != 0)
		return request_end(request, result);
	request_authorised(request);
}

static void on_authorised(int result, uid_t uid, void *userdata)
{
	struct request *request = userdata;

	(void)uid;
	request->authorization = NULL;
	if (result != 0)
		return request_end(request, result);
	if (!request->options.allow_last_try || !needs_pin(request))
		return request_authorised(request);
	authority_check(request->call, last_try_action, on_last_try_authorised, request,
			&request->authorization);
}

/* What can be refused without a question to anybody. */
static int check(struct request *request)
{
	const struct card *card = request->applet->card;
	bool of_holder = request->job->kind != JOB_READ_CERTIFICATE ||
			 request->job->which == JPKI_HOLDER_CERTIFICATE;

	if (card->type == JPKI_TYPE_JUKI_CARD)
		return ANSWER_UNSUPPORTED_CARD;
	if (of_holder && request->job->kind != JOB_READ_TRIES && !request->applet->has_certificate)
		return ANSWER_NO_CERTIFICATE;
	if (!needs_pin(request))
		return 0;
	if (!card_takes_pins(card))
		return ANSWER_UNSUPPORTED_CARD;
	/* Who cannot hear that one try is left must not spend any. */
	if (!call_wants_reply(request->call))
		return ANSWER_INVALID_INPUT;
	if (request->options.pin < 0)
		return ANSWER_PIN_REQUIRED;
	request->complaint = "The option 'pin' must be the read end of a pipe, a stream socket, or "
			     "a memfd that is sealed against writing.";
	return descriptor_check(request->options.pin);
}

void request_run(struct request *request)
{
	int answer = check(request);

	if (answer != 0)
		return request_end(request, answer);
	authority_check(request->call, call_method(request->call)->action, on_authorised, request,
			&request->authorization);
}

void requests_cancel(struct manager *manager)
{
	struct request *request, *next;

	for (request = manager->requests; request; request = next) {
		next = request->next;
		if (!request->submitted)
			request_end(request, ANSWER_CANCELLED);
	}
}
