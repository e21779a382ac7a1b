/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/attempt.h"

struct guard attempt_guard(void)
{
	static uint8_t cards;
	struct guard guard = GUARD_INIT(state_ledger.directory);

	guard.ledger.card[0] = ++cards;
	guard.knows_card = true;
	return guard;
}

struct job *attempt_job(enum jpki_applet applet)
{
	struct job *job = job_new(JOB_VERIFY_PIN, applet, ":1.1", &state_rules);

	assert_non_null(job);
	job->pin = script_secret(applet == JPKI_AUTH ? "1234" : "ABC123");
	assert_true(job_claim(job));
	return job;
}

int attempt_verify(struct guard *guard, struct script *script, struct job *job)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	const int answer = guard_verify(guard, &jpki, job);

	script_assert_done(script);
	return answer;
}

int attempt_pin(struct guard *guard, struct script *script, const char *pin, uid_t uid)
{
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

	secret_free(job->pin);
	job->pin = script_secret(pin);
	job->uid = uid;
	return attempt_verify(guard, script, job);
}

void attempt_two_wrong_pins(struct guard *guard, uid_t uid)
{
	struct script first = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_9991, "63 C2" });
	struct script second = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_9992, "63 C1" });

	assert_int_equal(attempt_pin(guard, &first, "9991", uid), ANSWER_PIN_INCORRECT);
	assert_int_equal(attempt_pin(guard, &second, "9992", uid), ANSWER_PIN_INCORRECT);
}

void assert_tries(const struct job *job, int tries)
{
	assert_true(job->has_tries);
	assert_int_equal(job->tries, tries);
}

void assert_nothing_sent(const struct job *job)
{
	assert_non_null(job->pin);
	assert_int_equal(job->state, JOB_CLAIMED);
}
