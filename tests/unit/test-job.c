/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job between two threads: who has it, who is told, and what is freed. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/job.h"
#include "tests/unit/script.h"

enum {
	RACES = 50000,
	DELAYS = 200,
	SPINS = 1000,
};

static struct {
	int count;
	int result;
	bool back;
} told;

static void on_done(struct job *job, int result, void *userdata)
{
	told.count++;
	told.result = result;
	told.back = job->back;
	assert_ptr_equal(userdata, &told);
}

static int setup(void **state)
{
	memset(&told, 0, sizeof(told));
	return 0;
}

static const struct rules rules = { .reserve = 2 };

static struct job *new_job(void)
{
	struct job *job = job_new(JOB_VERIFY_PIN, JPKI_SIGN, ":1.1", &rules);

	assert_non_null(job);
	job->pin = script_secret("ABC123");
	job->done = on_done;
	job->userdata = &told;
	return job;
}

static void a_new_job_knows_its_kind_and_has_a_copy_of_its_callers_name(void **state)
{
	char caller[] = ":1.1";
	CLEANUP(job_freep) struct job *job = job_new(JOB_READ_TRIES, JPKI_SIGN, caller, &rules);

	assert_non_null(job);
	caller[1] = 'x';
	assert_string_equal(job->caller, ":1.1");
	assert_int_equal(job->kind, JOB_READ_TRIES);
	assert_int_equal(job->applet, JPKI_SIGN);
	assert_int_equal(job->rules.reserve, rules.reserve);
	assert_false(job->back);
	assert_false(job->has_tries);
}

static void a_claimed_job_cannot_be_cancelled_and_keeps_its_pin(void **state)
{
	CLEANUP(job_freep) struct job *job = new_job();

	assert_true(job_claim(job));
	assert_false(job_cancel(job, ANSWER_CANCELLED));
	assert_non_null(job->pin);
	assert_int_equal(told.count, 0);
}

static void a_cancelled_job_cannot_be_claimed_and_has_no_pin_any_more(void **state)
{
	static const uint8_t wiped[6];
	CLEANUP(job_freep) struct job *job = new_job();
	const uint8_t *pin = job->pin->bytes; /* in the pool of secrets, which stays mapped */

	assert_memory_equal(pin, "ABC123", 6);
	assert_true(job_cancel(job, ANSWER_TIMEOUT));
	assert_null(job->pin);
	assert_memory_equal(pin, wiped, sizeof(wiped));
	assert_false(job_claim(job));
}

static void a_cancelled_job_tells_at_once_and_with_nothing_to_read(void **state)
{
	CLEANUP(job_freep) struct job *job = new_job();

	assert_true(job_cancel(job, ANSWER_TIMEOUT));
	assert_int_equal(told.count, 1);
	assert_int_equal(told.result, ANSWER_TIMEOUT);
	assert_false(told.back);
}

static void a_job_is_claimed_and_cancelled_at_most_once(void **state)
{
	CLEANUP(job_freep) struct job *claimed = new_job();
	CLEANUP(job_freep) struct job *cancelled = new_job();

	assert_true(job_claim(claimed));
	assert_false(job_claim(claimed));
	assert_true(job_cancel(cancelled, ANSWER_CANCELLED));
	assert_false(job_cancel(cancelled, ANSWER_CANCELLED));
	assert_int_equal(told.count, 1);
}

static void a_claimed_job_that_is_given_up_begins_no_verify(void **state)
{
	CLEANUP(job_freep) struct job *job = new_job();

	assert_true(job_claim(job));
	job_give_up(job);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.result, ANSWER_READER_ERROR);
	assert_false(job_begin_verify(job));
	assert_non_null(job->pin); /* the worker has it */
}

static void a_job_given_up_while_it_verifies_has_an_unknown_outcome(void **state)
{
	CLEANUP(job_freep) struct job *job = new_job();

	assert_true(job_claim(job));
	assert_true(job_begin_verify(job));
	assert_false(job_begin_verify(job));
	job_give_up(job);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.result, ANSWER_OUTCOME_UNKNOWN);
}

static void a_job_whose_outcome_is_known_is_given_up_as_one_that_did_not_verify(void **state)
{
	CLEANUP(job_freep) struct job *job = new_job();

	assert_true(job_claim(job));
	assert_true(job_begin_verify(job));
	job_end_verify(job);
	job_give_up(job);
	assert_int_equal(told.result, ANSWER_READER_ERROR);
	assert_false(job_begin_verify(job));
}

static void a_job_that_was_not_claimed_begins_no_verify(void **state)
{
	CLEANUP(job_freep) struct job *job = new_job();

	assert_false(job_begin_verify(job));
	assert_true(job_cancel(job, ANSWER_CANCELLED));
	assert_false(job_begin_verify(job));
}

static void whoever_waits_is_told_once(void **state)
{
	CLEANUP(job_freep) struct job *job = new_job();

	job_finish(job, ANSWER_OUTCOME_UNKNOWN);
	job_finish(job, 0);
	job_cancel(job, ANSWER_CANCELLED);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.result, ANSWER_OUTCOME_UNKNOWN);
	assert_false(told.back);
}

static void a_job_that_nobody_waits_for_ends_quietly(void **state)
{
	CLEANUP(job_freep) struct job *job = new_job();

	job->done = NULL;
	job_finish(job, 0);
	assert_true(job_cancel(job, ANSWER_CANCELLED));
	assert_int_equal(told.count, 0);
}

static void a_job_that_comes_back_tells_its_result_and_frees_itself(void **state)
{
	struct job *job = new_job();

	job->result = ANSWER_PIN_INCORRECT;
	job->mail.deliver(&job->mail);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.result, ANSWER_PIN_INCORRECT);
	assert_true(told.back);
}

static void a_cancelled_job_that_comes_back_tells_nothing_more(void **state)
{
	struct job *job = new_job();

	assert_true(job_cancel(job, ANSWER_CANCELLED));
	job->mail.deliver(&job->mail);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.result, ANSWER_CANCELLED);
}

static struct job_bytes bytes_of(const char *text)
{
	return (struct job_bytes){ (uint8_t *)strdup(text), strlen(text) };
}

static void a_job_in_any_state_of_completion_can_be_freed(void **state)
{
	struct job *job = new_job();

	assert_null(job_free(NULL));
	assert_null(job_free(job));

	/* Inputs counted but not there, then some of them, then some signatures. */
	job = new_job();
	job->input_count = 3;
	job_free(job);

	job = new_job();
	job->input_count = 3;
	job->inputs = calloc(3, sizeof(*job->inputs));
	job->inputs[0] = bytes_of("a");
	job_free(job);

	job = new_job();
	job->input_count = 2;
	job->inputs = calloc(2, sizeof(*job->inputs));
	job->inputs[0] = bytes_of("a");
	job->inputs[1] = bytes_of("b");
	job->signatures = calloc(2, sizeof(*job->signatures));
	job->signatures[0] = bytes_of("c");
	job->certificate = bytes_of("d");
	job_free(job);
}

/* The same job in two threads at about the same time, again and again. */
struct race {
	atomic_int begun, ended; /* the race that is on, and the last that the other thread has run */
	bool (*run)(struct job *job);
	struct job *job;
	bool won; /* what run() returned */
};

static void wait_for(const atomic_int *number, int value)
{
	for (int spins = 1; *number != value; spins++)
		if (spins % SPINS == 0)
			sched_yield();
}

static void *race_main(void *userdata)
{
	struct race *race = userdata;

	for (int i = 1; i <= RACES; i++) {
		wait_for(&race->begun, i);
		race->won = race->run(race->job);
		race->ended = i;
	}
	return NULL;
}

static void race_begin(struct race *race, int number, struct job *job)
{
	race->job = job;
	race->begun = number;
	/* So long, more or less, as the other needs to see it. */
	for (volatile int delay = number % DELAYS; delay > 0; delay--)
		;
}

static bool claim_with_pin(struct job *job)
{
	if (!job_claim(job))
		return false;
	assert_true(job->pin && job->pin->bytes[0] == 'A');
	return true;
}

static void of_claim_and_cancel_in_two_threads_exactly_one_wins(void **state)
{
	struct race race = { .run = claim_with_pin };
	int cancelled_count = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, race_main, &race), 0);
	for (int i = 1; i <= RACES; i++) {
		bool cancelled;

		race_begin(&race, i, new_job());
		cancelled = job_cancel(race.job, ANSWER_CANCELLED);
		wait_for(&race.ended, i);
		cancelled_count += cancelled;
		assert_int_equal(race.won, !cancelled);
		assert_int_equal(told.count, cancelled_count);
		job_free(race.job);
	}
	pthread_join(thread, NULL);
}

static void a_job_given_up_in_another_thread_has_an_unknown_outcome_only_if_it_verifies(void **state)
{
	struct race race = { .run = job_begin_verify };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, race_main, &race), 0);
	for (int i = 1; i <= RACES; i++) {
		struct job *job = new_job();

		assert_true(job_claim(job));
		race_begin(&race, i, job);
		job_give_up(job);
		wait_for(&race.ended, i);
		assert_int_equal(told.result, race.won ? ANSWER_OUTCOME_UNKNOWN : ANSWER_READER_ERROR);
		job_free(job);
	}
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_job_knows_its_kind_and_has_a_copy_of_its_callers_name, setup),
		cmocka_unit_test_setup(a_claimed_job_cannot_be_cancelled_and_keeps_its_pin, setup),
		cmocka_unit_test_setup(a_cancelled_job_cannot_be_claimed_and_has_no_pin_any_more, setup),
		cmocka_unit_test_setup(a_cancelled_job_tells_at_once_and_with_nothing_to_read, setup),
		cmocka_unit_test_setup(a_job_is_claimed_and_cancelled_at_most_once, setup),
		cmocka_unit_test_setup(a_claimed_job_that_is_given_up_begins_no_verify, setup),
		cmocka_unit_test_setup(a_job_given_up_while_it_verifies_has_an_unknown_outcome, setup),
		cmocka_unit_test_setup(a_job_whose_outcome_is_known_is_given_up_as_one_that_did_not_verify, setup),
		cmocka_unit_test_setup(a_job_that_was_not_claimed_begins_no_verify, setup),
		cmocka_unit_test_setup(whoever_waits_is_told_once, setup),
		cmocka_unit_test_setup(a_job_that_nobody_waits_for_ends_quietly, setup),
		cmocka_unit_test_setup(a_job_that_comes_back_tells_its_result_and_frees_itself, setup),
		cmocka_unit_test_setup(a_cancelled_job_that_comes_back_tells_nothing_more, setup),
		cmocka_unit_test_setup(a_job_in_any_state_of_completion_can_be_freed, setup),
		cmocka_unit_test_setup(of_claim_and_cancel_in_two_threads_exactly_one_wins, setup),
		cmocka_unit_test_setup(a_job_given_up_in_another_thread_has_an_unknown_outcome_only_if_it_verifies, setup),
	};

	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
