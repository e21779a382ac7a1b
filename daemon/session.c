/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/session.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

enum {
	/* pcscd still holds the place of a client that has just ended. */
	CONNECT_ATTEMPTS = 3,
	CONNECT_PAUSE_MILLISECONDS = 100,
	PAD_PATIENCE_MICROSECONDS = 60 * 1000000,
};

/* What follows is up to the card or its reader; @longer than usual: microseconds. */
static void wait_begin(struct session *session, uint64_t longer)
{
	session->waiting_since = clock_microseconds(CLOCK_MONOTONIC) + longer;
}

static void wait_end(struct session *session)
{
	session->waiting_since = 0;
}

static int session_transmit(void *userdata, const uint8_t *command, size_t command_length,
			    uint8_t *response, size_t *response_length)
{
	struct session *session = userdata;
	int answer;

	wait_begin(session, 0);
	answer = pcsc_transmit(session->card, command, command_length, response, response_length);
	wait_end(session);
	return answer;
}

static int session_transmit_from_pad(void *userdata, const uint8_t header[4],
				     const struct pin_entry *entry, uint8_t *response,
				     size_t *response_length)
{
	struct session *session = userdata;
	int answer;

	/* A person takes longer than a card. */
	wait_begin(session, PAD_PATIENCE_MICROSECONDS);
	answer = pcsc_transmit_from_pad(session->card, header, entry, response, response_length);
	wait_end(session);
	return answer;
}

int session_connect(struct session *session, const char *reader, const char *label, bool exclusive)
{
	const struct timespec pause = { 0, CONNECT_PAUSE_MILLISECONDS * 1000000L };
	int answer = pcsc_open(&session->pcsc);

	if (answer != 0)
		return answer;
	session->jpki = JPKI_INIT(((struct channel){
		.transmit = session_transmit,
		.reader = session,
		.name = label,
	}));
	session->kept_waiting = true;
	for (int attempt = 1;; attempt++) {
		answer = pcsc_connect(session->pcsc, reader, exclusive, &session->card);
		if (answer != ANSWER_BUSY || attempt == CONNECT_ATTEMPTS)
			break;
		session->may_be_open = true;
		nanosleep(&pause, NULL);
	}
	session->kept_waiting = false;
	if (answer == 0 && pcsc_has_pin_pad(session->card))
		session->jpki.channel.transmit_from_pad = session_transmit_from_pad;
	return answer;
}

void session_close(struct session *session, bool power_off)
{
	guard_clear(&session->guard);
	wait_begin(session, 0);
	session->card = pcsc_disconnect(session->card, power_off);
	session->pcsc = pcsc_close(session->pcsc);
	wait_end(session);
}

int session_begin(struct session *session)
{
	int answer;

	session->kept_waiting = true;
	answer = pcsc_begin(session->card);
	session->kept_waiting = false;
	return answer;
}

int session_end(struct session *session)
{
	int answer;

	wait_begin(session, 0);
	answer = pcsc_end(session->card);
	wait_end(session);
	return answer;
}

int session_close_keys(struct session *session)
{
	int answer = jpki_clear(&session->jpki);

	/* It has just answered, so it is the same card that the power goes off and on for. */
	if (answer != ANSWER_CARD_ERROR)
		return answer;
	wait_begin(session, 0);
	answer = pcsc_power_cycle(session->card);
	wait_end(session);
	return answer;
}

/* As if a call asked for the counters. */
static int probe_tries(struct session *session, struct session_finding *finding)
{
	for (int applet = 0; applet < JPKI_APPLET_COUNT; applet++) {
		struct job job = { .applet = (enum jpki_applet)applet };
		int answer = guard_read_tries(&session->jpki, &job);

		/* A PIN that the card does not tell of is no reason to refuse the other. */
		if (answer != 0 && answer != ANSWER_CARD_ERROR)
			return answer;
		if (job.has_tries)
			finding->tries[applet] = job.tries;
	}
	return 0;
}

static int probe_selected(struct session *session, struct session_finding *finding)
{
	int answer = 0;

	if (session->may_be_open) {
		answer = session_close_keys(session);
		if (answer == 0)
			answer = jpki_select(&session->jpki);
	}
	if (answer == 0)
		answer = jpki_read_token(&session->jpki, &finding->token);
	if (answer == 0 && session->may_be_open)
		answer = probe_tries(session, finding);
	return answer;
}

int session_probe(struct session *session, struct session_finding *ret_finding)
{
	struct session_finding finding = {
		.has_pin_pad = pcsc_has_pin_pad(session->card),
		.takes_new_pins = pcsc_takes_new_pins(session->card),
		.tries = { JPKI_TRIES_UNKNOWN, JPKI_TRIES_UNKNOWN },
	};
	int answer = session_begin(session);

	if (answer == 0)
		answer = jpki_select(&session->jpki);
	if (answer == 0)
		answer = probe_selected(session, &finding);
	if (answer == 0)
		answer = session_end(session);
	if (answer == 0)
		*ret_finding = finding;
	return answer;
}

static int read_certificate(struct session *session, struct job *job, enum jpki_certificate which)
{
	return jpki_read_certificate(&session->jpki, job->applet, which, &job->certificate.bytes,
				     &job->certificate.length);
}

static int sign_one(struct session *session, struct job *job, const struct job_bytes *input,
		    struct job_bytes *signature)
{
	CLEANUP(freep) uint8_t *bytes = malloc(JPKI_SIGNATURE_LENGTH_MAX);
	int answer;

	if (!bytes)
		return -ENOMEM;
	answer = jpki_sign(&session->jpki, job->applet, job->padding, input->bytes, input->length,
			   bytes, &signature->length);
	if (answer == 0)
		signature->bytes = TAKE(bytes);
	return answer;
}

static int sign_all(struct session *session, struct job *job)
{
	job->signatures = calloc(job->input_count, sizeof(*job->signatures));
	if (!job->signatures)
		return -ENOMEM;

	for (size_t i = 0; i < job->input_count; i++) {
		/* What has begun ends, but not sixty more. */
		int answer = i > 0 ? session->quit : 0;

		if (answer == 0)
			answer = sign_one(session, job, &job->inputs[i], &job->signatures[i]);
		if (answer != 0)
			return answer;
	}
	if (!job->needs_certificate || job->certificate.bytes)
		return 0;
	return read_certificate(session, job, JPKI_HOLDER_CERTIFICATE);
}

static int perform_verified(struct session *session, struct job *job)
{
	switch (job->kind) {
	case JOB_READ_CERTIFICATE:
		return read_certificate(session, job, job->which);
	case JOB_READ_TRIES:
		return guard_read_tries(&session->jpki, job);
	case JOB_CHECK_PIN:
		return guard_check(&session->guard, &session->jpki, job);
	case JOB_VERIFY_PIN:
		return 0;
	case JOB_SIGN:
		return sign_all(session, job);
	case JOB_CHANGE_PIN:
		return guard_change(&session->guard, &session->jpki, job);
	case JOB_RESET_PIN:
		return guard_reset(&session->guard, &session->jpki, job);
	}
	return -EINVAL;
}

static int perform(struct session *session, struct job *job)
{
	int answer = jpki_select(&session->jpki);

	/* It has been selected before: this is one of ours, and does not do what it did. */
	if (answer == ANSWER_UNSUPPORTED_CARD)
		return ANSWER_CARD_ERROR;
	if (answer == 0 && job->with_pin)
		answer = guard_verify(&session->guard, &session->jpki, job);
	if (answer == 0)
		answer = perform_verified(session, job);
	/* A PIN that was right and is asked for all the same is not the caller's fault. */
	return job->verified && answer == ANSWER_PIN_REQUIRED ? ANSWER_CARD_ERROR : answer;
}

/* After a fault. */
static bool is_gone(struct session *session)
{
	bool gone;

	wait_begin(session, 0);
	gone = pcsc_is_gone(session->card);
	wait_end(session);
	return gone;
}

int session_perform(struct session *session, struct job *job)
{
	int *fault = &session->jpki.channel.fault;

	job->result = perform(session, job);
	guard_learn(&session->guard, job);
	job->ins = session->jpki.ins;
	job->sw = session->jpki.sw;

	/* To a job that has come to something else it makes no difference, and it takes a while. */
	if (*fault == ANSWER_READER_ERROR && job->result == *fault && is_gone(session))
		*fault = job->result = ANSWER_CARD_REMOVED;
	return *fault;
}
