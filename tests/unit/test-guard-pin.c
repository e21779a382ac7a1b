/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PINs that are changed, reset with a code, or typed at the reader's pad: each guarded as a PIN that is sent. */
#include "tests/unit/attempt.h"

/* --- the new PIN ------ */

/* What goes before CHANGE REFERENCE DATA. */
#define UP_TO_CHANGE { QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK }, { SELECT_AUTH_PIN, OK }

static int change_at(struct guard *guard, struct script *script, struct job *job)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	int answer = guard_verify(guard, &jpki, job);

	if (answer == 0)
		answer = guard_change(guard, &jpki, job);
	script_assert_done(script);
	return answer;
}

static struct job *change_job(void)
{
	struct job *job = attempt_job(JPKI_AUTH);

	job->kind = JOB_CHANGE_PIN;
	job->new_pin = script_secret("5678");
	return job;
}

static void after_a_change_the_counter_is_read_and_the_new_pin_is_not_tried(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT(UP_TO_CHANGE, { CHANGE_TO_5678, OK }, { QUERY_AUTH, "63 C3" });

	assert_int_equal(change_at(&guard, &script, job), 0);
	assert_tries(job, 3);
	assert_null(job->new_pin);
	assert_true(job->may_be_open);
}

static void after_a_change_the_old_pin_is_refused_without_asking_the_card(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT(UP_TO_CHANGE, { CHANGE_TO_5678, OK }, { QUERY_AUTH, "63 C3" });
	struct script old = SCRIPT({ QUERY_AUTH, "63 C3" });
	struct script right = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 35 36 37 38", OK });

	assert_int_equal(change_at(&guard, &script, job), 0);
	assert_int_equal(attempt_pin(&guard, &old, "1234", ALICE), ANSWER_PIN_INCORRECT);
	assert_int_equal(attempt_pin(&guard, &right, "5678", ALICE), 0);
}

static void a_new_pin_that_the_card_refuses_leaves_the_old_one(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT(UP_TO_CHANGE, { CHANGE_TO_5678, "6A 80" });

	assert_int_equal(change_at(&guard, &script, job), ANSWER_CARD_ERROR);
	assert_true(job->verified);
	assert_null(job->pin);
	assert_tries(job, 3);
	assert_null(job->new_pin);
}

static void a_change_whose_answer_is_lost_is_not_known(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT(UP_TO_CHANGE, { CHANGE_TO_5678, .result = ANSWER_CARD_REMOVED });

	assert_int_equal(change_at(&guard, &script, job), ANSWER_OUTCOME_UNKNOWN);
	assert_false(job->has_tries);
	assert_null(job->new_pin);
	assert_int_equal(job->state, JOB_VERIFYING);
}

static void with_a_wrong_old_pin_nothing_is_changed(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, "63 C2" });

	assert_int_equal(change_at(&guard, &script, job), ANSWER_PIN_INCORRECT);
	assert_tries(job, 2);
}

/* --- the reset code ------ */

#define QUERY_CODE "00 2C 00 98"
#define RESET_AUTH "00 2C 00 98 0A 43 4F 44 45 30 30 35 36 37 38"

static struct job *reset_job(void)
{
	struct job *job = job_new(JOB_RESET_PIN, JPKI_AUTH, ":1.1", &state_rules);

	assert_non_null(job);
	job->pin = script_secret("CODE00");
	job->new_pin = script_secret("5678");
	assert_true(job_claim(job));
	return job;
}

static int reset_at(struct guard *guard, struct script *script, struct job *job)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	int answer = guard_reset(guard, &jpki, job);

	script_assert_done(script);
	return answer;
}

static void a_right_code_sets_the_pin_and_its_counter_is_read(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = reset_job();
	struct script script = SCRIPT({ QUERY_CODE, "63 CA" }, { RESET_AUTH, OK }, { QUERY_AUTH, "63 C3" });

	assert_int_equal(reset_at(&guard, &script, job), 0);
	assert_tries(job, 3);
	assert_null(job->pin);
	assert_null(job->new_pin);
}

static void the_code_s_own_tries_are_guarded_like_a_pin_s(void **state)
{
	static const struct {
		const char *tries;
		bool allow_last_try;
		uint32_t expected;
		int answer;
	} cases[] = {
		{ "63 C0", true, 0, ANSWER_PIN_LOCKED },    { "69 83", true, 0, ANSWER_PIN_LOCKED },
		{ "63 C1", false, 0, ANSWER_LAST_TRY },     { "63 C1", true, 2, ANSWER_TRIES_CHANGED },
		{ "63 C5", false, 4, ANSWER_TRIES_CHANGED }, { "63 00", false, 0, ANSWER_CARD_ERROR },
		{ "6F 00", false, 0, ANSWER_CARD_ERROR },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		CLEANUP(guard_clear) struct guard guard = attempt_guard();
		CLEANUP(job_freep) struct job *job = reset_job();
		struct script script = SCRIPT({ QUERY_CODE, cases[i].tries });

		job->allow_last_try = cases[i].allow_last_try;
		job->has_expected_tries = cases[i].expected > 0;
		job->expected_tries = cases[i].expected;
		assert_int_equal(reset_at(&guard, &script, job), cases[i].answer);
		assert_nothing_sent(job);
	}
}

static void a_wrong_code_tells_its_own_tries_and_two_of_them_make_the_user_wait(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *one = reset_job(), *same = reset_job(), *two = reset_job(), *three = reset_job();
	struct script first = SCRIPT({ QUERY_CODE, "63 CA" }, { RESET_AUTH, "63 C9" }, { QUERY_AUTH, "63 C3" });
	struct script second = SCRIPT({ QUERY_CODE, "63 C9" },
				      { "00 2C 00 98 0A 43 4F 44 45 30 31 35 36 37 38", "63 C8" },
				      { QUERY_AUTH, "63 C3" });
	struct script again = SCRIPT({ QUERY_CODE, "63 C9" });
	struct script nothing = { 0 };

	assert_int_equal(reset_at(&guard, &first, one), ANSWER_PIN_INCORRECT);
	assert_int_equal(one->code_tries, 9);
	assert_tries(one, 3);
	assert_int_equal(reset_at(&guard, &again, same), ANSWER_PIN_INCORRECT);
	assert_int_equal(same->code_tries, 9);
	two->pin->bytes[5] = three->pin->bytes[5] = '1';
	assert_int_equal(reset_at(&guard, &second, two), ANSWER_PIN_INCORRECT);
	assert_int_equal(reset_at(&guard, &nothing, three), ANSWER_HELD_OFF);
}

static void who_has_reset_a_pin_does_not_wait_for_having_guessed_at_it(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = reset_job();
	struct script reset = SCRIPT({ QUERY_CODE, "63 CA" }, { RESET_AUTH, OK }, { QUERY_AUTH, "63 C3" });
	struct script again = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, "63 C2" });

	attempt_two_wrong_pins(&guard, ALICE);
	job->uid = ALICE;
	assert_int_equal(reset_at(&guard, &reset, job), 0);
	assert_int_equal(attempt_pin(&guard, &again, "1234", ALICE), ANSWER_PIN_INCORRECT);
}

/* --- the pad ------ */

static void what_did_not_reach_the_card_from_the_pad_cost_nothing_and_the_counter_is_asked(void **state)
{
	static const struct {
		const char *typed, *after; /* what the counter says then */
		int answer, tries;
	} cases[] = {
		{ "64 00", "63 C3", ANSWER_TIMEOUT, 3 },    { "64 01", "63 C3", ANSWER_DISMISSED, 3 },
		{ "64 03", "63 C3", ANSWER_PIN_FORMAT, 3 }, { "63 C3", "63 C3", ANSWER_DISMISSED, 3 },
		{ "63 C2", "63 C2", ANSWER_PIN_INCORRECT, 2 }, { "64 00", "63 C2", ANSWER_PIN_INCORRECT, 2 },
		{ "63 C0", "69 83", ANSWER_PIN_LOCKED, 0 },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		CLEANUP(guard_clear) struct guard guard = attempt_guard();
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" },
					      { VERIFY_AUTH_AT_PAD, cases[i].typed, .pad = "4-4" },
					      { QUERY_AUTH, cases[i].after });
		struct jpki jpki = JPKI_INIT(script_channel_with_pad(&script));

		job->pin = secret_free(job->pin);
		assert_int_equal(guard_verify(&guard, &jpki, job), cases[i].answer);
		script_assert_done(&script);
		assert_tries(job, cases[i].tries);
	}
}

static void wrong_pins_from_the_pad_make_the_user_wait_too(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	struct script nothing = { 0 };

	for (int i = 0; i < 2; i++) {
		CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH_AT_PAD, "63 C2", .pad = "4-4" },
					      { QUERY_AUTH, "63 C2" });
		struct jpki jpki = JPKI_INIT(script_channel_with_pad(&script));

		job->pin = secret_free(job->pin);
		assert_int_equal(guard_verify(&guard, &jpki, job), ANSWER_PIN_INCORRECT);
	}
	assert_int_equal(attempt_pin(&guard, &nothing, "1234", 0), ANSWER_HELD_OFF);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_a_change_the_counter_is_read_and_the_new_pin_is_not_tried),
		TEST(after_a_change_the_old_pin_is_refused_without_asking_the_card),
		TEST(a_new_pin_that_the_card_refuses_leaves_the_old_one),
		TEST(a_change_whose_answer_is_lost_is_not_known),
		TEST(with_a_wrong_old_pin_nothing_is_changed),
		TEST(a_right_code_sets_the_pin_and_its_counter_is_read),
		TEST(the_code_s_own_tries_are_guarded_like_a_pin_s),
		TEST(a_wrong_code_tells_its_own_tries_and_two_of_them_make_the_user_wait),
		TEST(who_has_reset_a_pin_does_not_wait_for_having_guessed_at_it),
		TEST(what_did_not_reach_the_card_from_the_pad_cost_nothing_and_the_counter_is_asked),
		TEST(wrong_pins_from_the_pad_make_the_user_wait_too),
	};

	return cmocka_run_group_tests_name("guard-pin", tests, NULL, NULL);
}
