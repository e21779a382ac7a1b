/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guard.h"

#include "base/error.h"

static void set_tries(struct job *job, int tries)
{
	job->has_tries = tries != JPKI_TRIES_UNKNOWN;
	job->tries = tries;
}

int guard_read_tries(struct jpki *jpki, struct job *job)
{
	int tries = JPKI_TRIES_UNKNOWN;
	int answer = jpki_tries(jpki, job->applet, &tries);

	if (answer == 0 && tries == JPKI_TRIES_UNKNOWN) {
		/* Somebody's verified state hides the counter. */
		answer = jpki_clear(jpki);
		if (answer == 0)
			answer = jpki_select(jpki);
		if (answer == 0)
			answer = jpki_tries(jpki, job->applet, &tries);
	}
	if (answer != 0)
		return answer;

	set_tries(job, tries);
	if (tries == JPKI_TRIES_UNKNOWN)
		return ANSWER_CARD_ERROR;
	return tries == 0 ? ANSWER_PIN_LOCKED : 0;
}

int guard_verify(struct jpki *jpki, struct job *job)
{
	int tries = JPKI_TRIES_UNKNOWN;
	int answer = guard_read_tries(jpki, job);

	if (answer != 0)
		return answer;
	if (job->has_expected_tries && job->expected_tries != (uint32_t)job->tries)
		return ANSWER_TRIES_CHANGED;
	if (job->tries == 1 && !job->allow_last_try)
		return ANSWER_LAST_TRY;

	job->verify_sent = true;
	job->in_doubt = true;
	answer = jpki_verify(jpki, job->applet, job->pin, &tries);
	job->in_doubt = answer == ANSWER_OUTCOME_UNKNOWN;
	job->pin = secret_free(job->pin);

	if (answer == 0)
		/* A right PIN fills the counter again. */
		set_tries(job, (int)jpki_tries_max(job->applet));
	else if (answer == ANSWER_PIN_INCORRECT || answer == ANSWER_PIN_LOCKED)
		set_tries(job, tries);
	else if (answer == ANSWER_OUTCOME_UNKNOWN)
		set_tries(job, JPKI_TRIES_UNKNOWN);
	return answer;
}
