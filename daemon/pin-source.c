/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pin-source.h"

#include <errno.h>

#include "apdu/pin.h"
#include "base/cleanup.h"
#include "daemon/lease.h"
#include "dbus/descriptor.h"

static const char broken_descriptor[] =
	"A descriptor did not come to its end within 2 seconds, or broke; nothing was sent to the "
	"card. Write the PIN and close the other end before the call.";

bool pin_source_is_needed(const struct request *request)
{
	const struct job *job = request->job;

	switch (job->kind) {
	case JOB_SIGN:
	case JOB_VERIFY_PIN:
	case JOB_CHANGE_PIN:
	case JOB_RESET_PIN:
		return true;
	case JOB_READ_CERTIFICATE:
		return jpki_certificate_needs_pin(request->applet->card->type, job->applet,
						  job->which);
	case JOB_READ_TRIES:
	case JOB_CHECK_PIN:
		return false;
	}
	return true;
}

/* --- what can be refused at once ------ */

static bool is_readable(int fd)
{
	return fd < 0 || descriptor_check(fd) == 0;
}

/*
 * A PIN is typed at the pad only for who has said how many tries the person was told of, and a sign
 * PIN only for who knows that this pad has letters.
 */
static bool is_for_pad(const struct request *request)
{
	const struct card *card = request->applet->card;
	const struct options *options = &request->options;

	if (request->job->kind == JOB_RESET_PIN || request->wants_lease ||
	    options->pin >= 0 || options->new_pin >= 0)
		return false;
	if (!card->has_pin_pad || (request->job->kind == JOB_CHANGE_PIN && !card->takes_new_pins))
		return false;
	return options->has_expected_tries &&
	       (request->applet->kind == JPKI_AUTH || options->pin_pad);
}

int pin_source_check(struct request *request, const char **ret_complaint)
{
	const struct options *options = &request->options;
	const enum job_kind kind = request->job->kind;

	request->at_pad = is_for_pad(request);
	if (!is_readable(options->pin) || !is_readable(options->new_pin) ||
	    !is_readable(options->reset_code)) {
		*ret_complaint = "The options 'pin', 'new-pin' and 'reset-code' must each be the "
				 "read end of a pipe, a stream socket, or a memfd that is sealed "
				 "against writing.";
		return ANSWER_INVALID_INPUT;
	}
	if (options->pin_pad && !request->at_pad) {
		*ret_complaint = "The option 'pin-pad' needs a reader that has one, "
				 "'expected-tries', and no other PIN.";
		return ANSWER_INVALID_INPUT;
	}
	if ((kind == JOB_CHANGE_PIN || kind == JOB_RESET_PIN) && options->new_pin < 0 &&
	    !request->at_pad) {
		*ret_complaint = "This needs the new PIN; give it with the option 'new-pin', a "
				 "descriptor to read it from.";
		return ANSWER_PIN_REQUIRED;
	}
	if (kind == JOB_RESET_PIN && options->reset_code < 0) {
		*ret_complaint = "This needs the reset code; give it with the option 'reset-code', "
				 "a descriptor to read it from.";
		return ANSWER_PIN_REQUIRED;
	}
	return 0;
}

/* --- descriptors ------ */

static void read_secret(struct request *request, int fd, descriptor_done *done)
{
	int r = descriptor_read_secret(request_manager(request)->event, fd, PIN_LENGTH_MAX, done,
				       request, &request->reading);

	if (r < 0)
		request_fail(request, r, NULL);
}

static void fail_to_read(struct request *request, int result)
{
	request_fail(request, result, result == ANSWER_INVALID_INPUT ? broken_descriptor : NULL);
}

/* The PIN that is to be tried has come; it is the job's now. */
static void take_pin(struct request *request, struct secret *pin)
{
	struct job *job = request->job;

	job->pin = pin;
	if (job->new_pin && secret_equal(job->pin, job->new_pin))
		return request_fail(request, ANSWER_INVALID_INPUT,
				    "The new PIN is the old one; nothing was sent to the card.");
	if (request->wants_lease) {
		request->pin = secret_copy(pin);
		if (!request->pin)
			return request_fail(request, -ENOMEM, NULL);
	}
	request_submit(request);
}

static void on_pin(int result, struct secret *secret, void *userdata)
{
	CLEANUP(secret_freep) struct secret *pin = secret;
	struct request *request = userdata;

	request->reading = NULL;
	if (result == 0)
		result = request->job->kind == JOB_RESET_PIN ?
				 pin_check_reset_code(pin) :
				 pin_normalise(request->applet->kind, pin);
	if (result != 0)
		return fail_to_read(request, result);
	take_pin(request, TAKE(pin));
}

/* --- the agent ------ */

static void on_agent(int result, int fd, void *userdata)
{
	struct request *request = userdata;

	request->question = NULL;
	if (result == ANSWER_TIMEOUT)
		return request_fail(request, result,
				    "Nobody answered the question for the PIN; nothing was sent to "
				    "the card.");
	if (result == ANSWER_PIN_REQUIRED)
		return request_fail(request, result,
				    "The agent that asks for PINs did not give one; nothing was "
				    "sent to the card.");
	if (result != 0)
		return request_fail(request, result, NULL);
	if (descriptor_check(fd) != 0) {
		closep(&fd);
		return request_fail(request, ANSWER_PIN_REQUIRED,
				    "The agent that asks for PINs gave a descriptor that cannot be "
				    "read; nothing was sent to the card.");
	}
	read_secret(request, fd, on_pin);
}

/* The person is told @tries, and if they change meanwhile, the PIN is not sent. */
static void ask_agent(struct request *request, int tries)
{
	const struct agent_details details = {
		.applet = request->applet->kind,
		.card = object_path(request->applet->card->object),
		.tries_left = tries,
		.reason = request->options.reason,
		.caller = call_pid(request->call),
	};
	int r;

	request->job->has_expected_tries = true;
	request->job->expected_tries = (uint32_t)tries;
	r = agents_ask(request_manager(request)->agents, request->job->uid,
		       call_sender(request->call), &details, on_agent, request,
		       &request->question);
	if (r != 0)
		request_fail(request, r, NULL);
}

/* --- all of them ------ */

static bool has_agent(const struct request *request)
{
	return call_interactive(request->call) &&
	       agents_have(request_manager(request)->agents, request->job->uid,
			   call_sender(request->call));
}

static struct lease *find_lease(const struct request *request)
{
	if (request->job->kind != JOB_SIGN && request->job->kind != JOB_READ_CERTIFICATE)
		return NULL;
	return lease_find(request->applet, call_sender(request->call));
}

static void find_pin(struct request *request)
{
	const struct lease *lease = find_lease(request);

	if (request->job->kind == JOB_RESET_PIN)
		return read_secret(request, TAKE_FD(request->options.reset_code), on_pin);
	if (request->options.pin >= 0)
		return read_secret(request, TAKE_FD(request->options.pin), on_pin);
	if (lease) {
		struct secret *pin = secret_copy(lease_pin(lease));

		request->job->from_lease = true;
		request->job->pin_number = lease_pin_number(lease);
		return pin ? take_pin(request, pin) : request_fail(request, -ENOMEM, NULL);
	}
	if (request->at_pad)
		return request_submit(request);
	if (has_agent(request))
		return request_inquire(request, ask_agent);
	request_fail(request, ANSWER_PIN_REQUIRED, NULL);
}

static void on_new_pin(int result, struct secret *secret, void *userdata)
{
	struct request *request = userdata;

	request->reading = NULL;
	request->job->new_pin = secret;
	if (result == 0)
		result = pin_normalise(request->applet->kind, secret);
	if (result != 0)
		return fail_to_read(request, result);
	find_pin(request);
}

void pin_source_read(struct request *request)
{
	request->job->with_pin = request->job->kind != JOB_RESET_PIN;
	if (request->options.new_pin >= 0)
		return read_secret(request, TAKE_FD(request->options.new_pin), on_new_pin);
	find_pin(request);
}
