/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guard.h"

#include "base/error.h"

static void set_tries(struct job *job, int tries)
{
	job->has_tries = tries != JPKI_TRIES_UNKNOWN;
	job->tries = tries;
}

/* Somebody's verified state hides the counter. */
static int read_hidden_tries(struct jpki *jpki, struct job *job, int *ret_tries)
{
	int answer;

	job->may_be_open = true;
	answer = jpki_clear(jpki);
	if (answer == 0)
		answer = jpki_select(jpki);
	if (answer == 0)
		answer = jpki_tries(jpki, job->applet, ret_tries);
	return answer;
}

int guard_read_tries(struct jpki *jpki, struct job *job)
{
	int tries = JPKI_TRIES_UNKNOWN;
	int answer = jpki_tries(jpki, job->applet, &tries);

	if (answer == 0 && tries == JPKI_TRIES_UNKNOWN)
		answer = read_hidden_tries(jpki, job, &tries);
	if (answer != 0)
		return answer;

	set_tries(job, tries);
	return tries == JPKI_TRIES_UNKNOWN ? ANSWER_CARD_ERROR : 0;
}

static int refuse(const struct job *job)
{
	if (job->tries == 0)
		return ANSWER_PIN_LOCKED;
	if (job->has_expected_tries && job->expected_tries != (uint32_t)job->tries)
		return ANSWER_TRIES_CHANGED;
	if (job->tries == 1 && !job->allow_last_try)
		return ANSWER_LAST_TRY;
	return 0;
}

static int verify(struct jpki *jpki, struct job *job)
{
	int tries = JPKI_TRIES_UNKNOWN;
	int answer = jpki_verify(jpki, job->applet, job->pin, &tries);

	switch (answer) {
	case 0:
		/* A right PIN fills the counter again. */
		set_tries(job, (int)jpki_tries_max(job->applet));
		break;
	case ANSWER_PIN_INCORRECT:
	case ANSWER_PIN_LOCKED:
		/* A card that does not say what is left has one less than before. */
		set_tries(job, tries == JPKI_TRIES_UNKNOWN ? job->tries - 1 : tries);
		return job->tries == 0 ? ANSWER_PIN_LOCKED : ANSWER_PIN_INCORRECT;
	default:
		/* Whether a card that refuses counts as well, only its counter tells. */
		set_tries(job, JPKI_TRIES_UNKNOWN);
		break;
	}
	return answer;
}

int guard_verify(struct jpki *jpki, struct job *job)
{
	int answer = guard_read_tries(jpki, job);

	if (answer == 0)
		answer = refuse(job);
	if (answer != 0)
		return answer;
	if (!job_begin_verify(job))
		return ANSWER_CANCELLED;

	job->may_be_open = true;
	answer = verify(jpki, job);
	job->pin = secret_free(job->pin);
	if (answer != ANSWER_OUTCOME_UNKNOWN)
		job_end_verify(job);
	return answer;
}
