/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/admission.h"

#include "daemon/pin-source.h"
#include "dbus/authority.h"

static const char last_try_action[] = "org.jpkid1.last-try";

static void request_authorised(struct request *request)
{
	struct job *job = request->job;

	job->has_expected_tries = request->options.has_expected_tries;
	job->expected_tries = request->options.expected_tries;
	job->allow_last_try = request->options.allow_last_try;
	job->needs_certificate = job->kind == JOB_SIGN && !request->applet->key;

	if (!request->applet->card->worker)
		return request_fail(request, ANSWER_CARD_REMOVED, NULL);
	if (pin_source_is_needed(request))
		return pin_source_read(request);
	request_submit(request);
}

static void on_last_try_authorised(int result, uid_t uid, void *userdata)
{
	struct request *request = userdata;

	request->authorization = NULL;
	if (result != 0)
		return request_fail(request, result, NULL);
	request_authorised(request);
}

static void on_authorised(int result, uid_t uid, void *userdata)
{
	struct request *request = userdata;

	request->authorization = NULL;
	if (result != 0)
		return request_fail(request, result, NULL);
	request->job->uid = uid;
	request->job->pid = call_pid(request->call);
	if (!request->options.allow_last_try || !pin_source_is_needed(request))
		return request_authorised(request);
	authority_check(request->call, last_try_action, on_last_try_authorised, request,
			&request->authorization);
}

/* What can be refused without a question to anybody. */
static int check(struct request *request, const char **ret_complaint)
{
	const struct card *card = request->applet->card;
	const struct job *job = request->job;
	bool of_holder = job->kind != JOB_READ_CERTIFICATE || job->which == JPKI_HOLDER_CERTIFICATE;

	if (card->type == JPKI_TYPE_JUKI_CARD)
		return ANSWER_UNSUPPORTED_CARD;
	if (of_holder && job->kind != JOB_READ_TRIES && !request->applet->has_certificate)
		return ANSWER_NO_CERTIFICATE;
	if (job->kind == JOB_RESET_PIN && !card->has_reset_code)
		return ANSWER_RESET_NOT_POSSIBLE;
	if (request->wants_lease && request->applet->kind != JPKI_AUTH)
		return ANSWER_NOT_ALLOWED;
	if (!pin_source_is_needed(request))
		return 0;
	if (!card_takes_pins(card))
		return ANSWER_UNSUPPORTED_CARD;
	/* Who cannot hear that one try is left must not spend any. */
	if (!call_wants_reply(request->call))
		return ANSWER_INVALID_INPUT;
	return pin_source_check(request, ret_complaint);
}

void admission_run(struct request *request)
{
	const char *complaint = NULL;
	int answer = check(request, &complaint);

	if (answer != 0)
		return request_fail(request, answer, complaint);
	authority_check(request->call, call_method(request->call)->action, on_authorised, request,
			&request->authorization);
}
