/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a PIN is sent, and what is known of the tries afterwards. A command that is not in a script is a failure. */
#include "tests/unit/attempt.h"

/* Nothing went before. */
static int verify(struct script *script, struct job *job)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();

	return attempt_verify(&guard, script, job);
}

static void a_locked_pin_gets_no_verify_whatever_the_card_says_it_with(void **state)
{
	static const char *const locked[] = { "63 C0", "69 83", "69 84" };

	for (size_t i = 0; i < LENGTH_OF(locked); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, locked[i] });
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

		job->allow_last_try = true;
		assert_int_equal(verify(&script, job), ANSWER_PIN_LOCKED);
		assert_nothing_sent(job);
		assert_false(job->may_be_open);
		assert_tries(job, 0);
	}
}

static void no_verify_is_sent_where_the_caller_expected_other_tries(void **state)
{
	static const uint32_t expected[] = { 0, 1, 2, 4, 0x80000003, UINT32_MAX };

	for (size_t i = 0; i < LENGTH_OF(expected); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" });
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

		job->has_expected_tries = true;
		job->expected_tries = expected[i];
		assert_int_equal(verify(&script, job), ANSWER_TRIES_CHANGED);
		assert_nothing_sent(job);
		assert_tries(job, 3);
	}
}

static void consent_to_the_last_try_does_not_count_where_more_were_expected(void **state)
{
	struct script script = SCRIPT({ QUERY_AUTH, "63 C1" });
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

	job->allow_last_try = true;
	job->has_expected_tries = true;
	job->expected_tries = 2;
	assert_int_equal(verify(&script, job), ANSWER_TRIES_CHANGED);
	assert_nothing_sent(job);
}

static void the_last_try_is_not_spent_without_consent(void **state)
{
	struct script auth = SCRIPT({ QUERY_AUTH, "63 C1" });
	struct script sign = SCRIPT({ QUERY_SIGN, "63 C1" });
	CLEANUP(job_freep) struct job *auth_job = attempt_job(JPKI_AUTH);
	CLEANUP(job_freep) struct job *sign_job = attempt_job(JPKI_SIGN);

	assert_int_equal(verify(&auth, auth_job), ANSWER_LAST_TRY);
	assert_nothing_sent(auth_job);
	assert_tries(auth_job, 1);

	sign_job->has_expected_tries = true;
	sign_job->expected_tries = 1;
	assert_int_equal(verify(&sign, sign_job), ANSWER_LAST_TRY);
	assert_nothing_sent(sign_job);
	assert_tries(sign_job, 1);
}

static void what_the_administrator_reserves_is_not_spent_without_consent(void **state)
{
	for (unsigned int reserve = 1; reserve <= 4; reserve++)
		for (unsigned int tries = 1; tries <= 5; tries++) {
			char counter[] = "63 C0";
			struct script script = SCRIPT({ QUERY_SIGN, counter }, { VERIFY_SIGN, OK });
			CLEANUP(job_freep) struct job *job = attempt_job(JPKI_SIGN);

			counter[4] = (char)('0' + tries);
			job->rules.reserve = reserve;
			job->allow_last_try = false;
			if (tries <= reserve)
				script.count = 1;
			assert_int_equal(verify(&script, job),
					 tries <= reserve ? ANSWER_LAST_TRY : 0);
		}
}

static void with_consent_the_last_try_goes(void **state)
{
	struct script script = SCRIPT({ QUERY_AUTH, "63 C1" }, { VERIFY_AUTH, OK });
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

	job->allow_last_try = true;
	job->has_expected_tries = true;
	job->expected_tries = 1;
	assert_int_equal(verify(&script, job), 0);
	assert_true(job->may_be_open);
	assert_tries(job, 3);
}

static void a_card_that_hides_its_counter_is_cleared_and_asked_again(void **state)
{
	static const char *const hidden[] = { OK, "63 00" };

	for (size_t i = 0; i < LENGTH_OF(hidden); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, hidden[i] }, { SELECT_ISD, OK }, { SELECT_AP, OK },
					      { QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK });
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

		assert_int_equal(verify(&script, job), 0);
		assert_tries(job, 3);
	}
}

static void what_was_hidden_counts_like_any_counter(void **state)
{
	struct script last = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK }, { QUERY_AUTH, "63 C1" });
	struct script locked = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK }, { QUERY_AUTH, "69 84" });
	CLEANUP(job_freep) struct job *last_job = attempt_job(JPKI_AUTH);
	CLEANUP(job_freep) struct job *locked_job = attempt_job(JPKI_AUTH);

	assert_int_equal(verify(&last, last_job), ANSWER_LAST_TRY);
	assert_int_equal(verify(&locked, locked_job), ANSWER_PIN_LOCKED);
	assert_nothing_sent(last_job);
	assert_nothing_sent(locked_job);
	assert_true(last_job->may_be_open);
}

static void a_card_that_never_tells_its_counter_gets_no_verify(void **state)
{
	struct script silent = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK }, { QUERY_AUTH, OK });
	struct script cannot_clear =
		SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, "6A 82" }, { SELECT_TEXT_AP, "6A 82" });
	struct script strange = SCRIPT({ QUERY_AUTH, "6F 00" });
	struct script *const scripts[] = { &silent, &cannot_clear, &strange };

	for (size_t i = 0; i < LENGTH_OF(scripts); i++) {
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

		job->allow_last_try = true;
		assert_int_equal(verify(scripts[i], job), ANSWER_CARD_ERROR);
		assert_nothing_sent(job);
		assert_false(job->has_tries);
		assert_int_equal(job->may_be_open, scripts[i] != &strange);
	}
}

static void a_fault_before_verify_is_passed_on_and_leaves_no_doubt(void **state)
{
	struct script at_query = SCRIPT({ QUERY_AUTH, .result = ANSWER_READER_ERROR });
	struct script at_clear = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, .result = ANSWER_READER_ERROR });
	struct script at_select =
		SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, .result = ANSWER_READER_ERROR });
	struct script at_second_query = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK },
					       { QUERY_AUTH, .result = ANSWER_READER_ERROR });
	struct script *const scripts[] = { &at_query, &at_clear, &at_select, &at_second_query };

	for (size_t i = 0; i < LENGTH_OF(scripts); i++) {
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

		assert_int_equal(verify(scripts[i], job), ANSWER_READER_ERROR);
		assert_nothing_sent(job);
		assert_false(job->has_tries);
	}
}

static void a_right_pin_fills_the_counter(void **state)
{
	struct script auth = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_AUTH, OK });
	struct script sign = SCRIPT({ QUERY_SIGN, "63 C2" }, { VERIFY_SIGN, OK });
	CLEANUP(job_freep) struct job *auth_job = attempt_job(JPKI_AUTH);
	CLEANUP(job_freep) struct job *sign_job = attempt_job(JPKI_SIGN);

	assert_int_equal(verify(&auth, auth_job), 0);
	assert_int_equal(verify(&sign, sign_job), 0);
	assert_tries(auth_job, 3);
	assert_tries(sign_job, 5);
	assert_true(auth_job->may_be_open);
	assert_int_equal(auth_job->state, JOB_CLAIMED);
}

/* What a VERIFY with three tries left comes to. */
static const struct outcome {
	const char *answer; /* NULL: lost */
	int result;
	bool has_tries;
	int tries;
} outcomes[] = {
	{ OK, 0, true, 3 },
	{ "63 C2", ANSWER_PIN_INCORRECT, true, 2 },
	{ "63 C0", ANSWER_PIN_LOCKED, true, 0 },
	{ "69 83", ANSWER_PIN_LOCKED, true, 0 },
	{ "69 84", ANSWER_PIN_LOCKED, true, 0 },
	{ "63 00", ANSWER_PIN_INCORRECT, true, 2 },
	{ "63 C9", ANSWER_PIN_INCORRECT, true, 2 },
	{ "67 00", ANSWER_CARD_ERROR, false, 0 },
	{ "6A 86", ANSWER_CARD_ERROR, false, 0 },
	{ "6F 00", ANSWER_OUTCOME_UNKNOWN, false, 0 },
	{ "64 00", ANSWER_OUTCOME_UNKNOWN, false, 0 },
	{ NULL, ANSWER_OUTCOME_UNKNOWN, false, 0 },
};

static void each_outcome_of_a_verify_tells_what_is_known_of_the_tries(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(outcomes); i++) {
		const struct outcome *outcome = &outcomes[i];
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" },
					      { VERIFY_AUTH, outcome->answer, .result = ANSWER_READER_ERROR });
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

		assert_int_equal(verify(&script, job), outcome->result);
		assert_true(job->may_be_open);
		assert_int_equal(job->has_tries, outcome->has_tries);
		if (outcome->has_tries)
			assert_int_equal(job->tries, outcome->tries);
		assert_int_equal(job->state, outcome->result == ANSWER_OUTCOME_UNKNOWN ? JOB_VERIFYING : JOB_CLAIMED);
	}
}

static void after_one_verify_the_pin_is_gone_whatever_came_of_it(void **state)
{
	static const uint8_t wiped[4];

	for (size_t i = 0; i < LENGTH_OF(outcomes); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" },
					      { VERIFY_AUTH, outcomes[i].answer, .result = ANSWER_CARD_REMOVED });
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
		const uint8_t *pin = job->pin->bytes; /* in the pool of secrets, which stays mapped */

		assert_memory_equal(pin, "1234", 4);
		verify(&script, job);
		assert_null(job->pin);
		assert_memory_equal(pin, wiped, sizeof(wiped));
	}
}

struct witness {
	const struct job *job;
	bool saw_verify;
};

static int transmit_to_witness(void *reader, const uint8_t *command, size_t command_length, uint8_t *response,
			       size_t *response_length)
{
	struct witness *witness = reader;
	const bool is_verify = command_length > 4;

	assert_int_equal(witness->job->state, is_verify ? JOB_VERIFYING : JOB_CLAIMED);
	witness->saw_verify |= is_verify;
	*response_length = script_bytes(is_verify ? "63 C2" : "63 C3", response, *response_length);
	return 0;
}

static void while_a_verify_is_out_the_job_says_so(void **state)
{
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
	struct witness witness = { .job = job };
	struct jpki jpki = JPKI_INIT(((struct channel){ .transmit = transmit_to_witness, .reader = &witness }));
	CLEANUP(guard_clear) struct guard guard = attempt_guard();

	assert_int_equal(guard_verify(&guard, &jpki, job), ANSWER_PIN_INCORRECT);
	assert_true(witness.saw_verify);
	assert_int_equal(job->state, JOB_CLAIMED);
}

static void a_job_that_was_given_up_gets_no_verify(void **state)
{
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" });
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

	job_give_up(job);
	assert_int_equal(verify(&script, job), ANSWER_CANCELLED);
	assert_false(job->may_be_open);
}

static int read_tries(struct script *script, struct job *job)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	int answer = guard_read_tries(&jpki, job);

	script_assert_done(script);
	return answer;
}

static void reading_the_tries_sends_no_verify(void **state)
{
	struct script open = SCRIPT({ QUERY_SIGN, "63 C5" });
	struct script last = SCRIPT({ QUERY_SIGN, "63 C1" });
	struct script locked = SCRIPT({ QUERY_SIGN, "69 83" });
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_SIGN);

	assert_int_equal(read_tries(&open, job), 0);
	assert_tries(job, 5);
	assert_int_equal(read_tries(&last, job), 0);
	assert_tries(job, 1);
	assert_int_equal(read_tries(&locked, job), 0);
	assert_tries(job, 0);
	assert_nothing_sent(job);
	assert_false(job->may_be_open);
}

static void tries_that_cannot_be_read_any_more_are_not_those_of_before(void **state)
{
	struct script known = SCRIPT({ QUERY_AUTH, "63 C2" });
	struct script silent = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK }, { QUERY_AUTH, OK });
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

	assert_int_equal(read_tries(&known, job), 0);
	assert_int_equal(read_tries(&silent, job), ANSWER_CARD_ERROR);
	assert_false(job->has_tries);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_locked_pin_gets_no_verify_whatever_the_card_says_it_with),
		TEST(no_verify_is_sent_where_the_caller_expected_other_tries),
		TEST(consent_to_the_last_try_does_not_count_where_more_were_expected),
		TEST(the_last_try_is_not_spent_without_consent),
		TEST(what_the_administrator_reserves_is_not_spent_without_consent),
		TEST(with_consent_the_last_try_goes),
		TEST(a_card_that_hides_its_counter_is_cleared_and_asked_again),
		TEST(what_was_hidden_counts_like_any_counter),
		TEST(a_card_that_never_tells_its_counter_gets_no_verify),
		TEST(a_fault_before_verify_is_passed_on_and_leaves_no_doubt),
		TEST(a_right_pin_fills_the_counter),
		TEST(each_outcome_of_a_verify_tells_what_is_known_of_the_tries),
		TEST(after_one_verify_the_pin_is_gone_whatever_came_of_it),
		TEST(while_a_verify_is_out_the_job_says_so),
		TEST(a_job_that_was_given_up_gets_no_verify),
		TEST(reading_the_tries_sends_no_verify),
		TEST(tries_that_cannot_be_read_any_more_are_not_those_of_before),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
