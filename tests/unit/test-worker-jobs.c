/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker does with a card that it holds: each job, whose turn it is, and how one is called off. */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/shop.h"

/* --- jobs ------ */

static void each_kind_of_job_does_its_own_and_no_more_and_leaves_the_card_closed(void **state)
{
	struct worker *worker = *state;
	const struct shop_record *record = shop_run(worker, shop_job(JOB_READ_CERTIFICATE, "A", NULL));

	assert_int_equal(record->result, 0);
	assert_int_equal(record->certificate_length, sizeof(FAKE_CERTIFICATE) - 1);
	shop_assert_journal("begin SELECT READ end");

	fake_reset();
	record = shop_run(worker, shop_job(JOB_READ_TRIES, "A", NULL));
	assert_int_equal(record->result, 0);
	assert_true(record->has_tries);
	assert_int_equal(record->tries, 3);
	shop_assert_journal("begin SELECT QUERY end");

	fake_reset();
	record = shop_run(worker, shop_job(JOB_VERIFY_PIN, "A", "1234"));
	assert_int_equal(record->result, 0);
	shop_assert_journal("begin SELECT QUERY VERIFY CLEAR end");
	assert_false(fake_card.verified[JPKI_AUTH]);

	fake_reset();
	record = shop_run(worker, shop_sign_job("A", "xyz"));
	assert_int_equal(record->result, 0);
	assert_memory_equal(record->signatures, "xyz", 3);
	shop_assert_journal("begin SELECT QUERY VERIFY SIGN SIGN SIGN CLEAR end");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void a_sign_job_brings_the_certificate_where_it_is_wanted(void **state)
{
	struct worker *worker = *state;
	struct job *job = shop_sign_job("A", "x");
	const struct shop_record *record;

	job->needs_certificate = true;
	record = shop_run(worker, job);
	assert_int_equal(record->result, 0);
	assert_int_equal(record->certificate_length, sizeof(FAKE_CERTIFICATE) - 1);
	shop_assert_journal("begin SELECT QUERY VERIFY SIGN READ CLEAR end");
}

static void the_tries_of_a_locked_pin_are_an_answer(void **state)
{
	struct worker *worker = *state;
	const struct shop_record *record;

	fake_card.tries[JPKI_AUTH] = 0;
	record = shop_run(worker, shop_job(JOB_READ_TRIES, "A", NULL));
	assert_int_equal(record->result, 0);
	assert_true(record->has_tries);
	assert_int_equal(record->tries, 0);
}

static void a_card_that_somebody_left_open_is_closed_even_if_no_pin_was_sent(void **state)
{
	struct worker *worker = *state;

	fake_card.hides_tries = true;
	assert_int_equal(shop_run(worker, shop_sign_job("A", "x"))->result, ANSWER_CARD_ERROR);
	shop_assert_journal("begin SELECT QUERY CLEAR SELECT QUERY CLEAR end");
}

static void a_refusal_of_the_guard_ends_the_job_and_leaves_the_card_as_it_was(void **state)
{
	struct worker *worker = *state;
	const struct shop_record *record;

	fake_card.tries[JPKI_AUTH] = 1;
	record = shop_run(worker, shop_sign_job("A", "x"));
	assert_int_equal(record->result, ANSWER_LAST_TRY);
	assert_false(record->may_be_open);
	shop_assert_journal("begin SELECT QUERY end");
	assert_int_equal(fake_card.tries[JPKI_AUTH], 1);
}

static void a_wrong_pin_costs_one_try_and_signs_nothing(void **state)
{
	struct worker *worker = *state;
	struct job *job = shop_job(JOB_SIGN, "A", "9999");
	const struct shop_record *record = shop_run(worker, job);

	assert_int_equal(record->result, ANSWER_PIN_INCORRECT);
	assert_int_equal(record->tries, 2);
	assert_int_equal(record->sw, 0x63C2);
	assert_false(record->had_pin);
	shop_assert_journal("begin SELECT QUERY VERIFY CLEAR end");
}

static void the_next_job_waits_until_the_card_is_closed_and_the_reply_does_not(void **state)
{
	struct worker *worker = *state;

	fake_block("CLEAR");
	worker_submit(worker, shop_sign_job("A", "x"));
	worker_submit(worker, shop_job(JOB_READ_TRIES, "B", NULL));
	fake_wait_blocked();
	main_turn_until(shop_record_count == 1);
	assert_int_equal(shop_records[0].result, 0);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN CLEAR");
	fake_unblock();
	main_turn_until(shop_record_count == 2);
	shop_assert_journal("begin SELECT QUERY VERIFY SIGN CLEAR end begin SELECT QUERY end");
}

/* --- turns ------ */

static void assert_turns(struct worker *worker, const char *running, const char *submitted, const char *order)
{
	fake_block("QUERY");
	shop_submit_tries(worker, running);
	fake_wait_blocked();
	shop_submit_tries(worker, submitted);
	fake_unblock();
	main_turn_until(shop_record_count == strlen(order));
	assert_string_equal(shop_callers_done(), order);
}

static void callers_take_turns(void **state)
{
	assert_turns(*state, "Z", "AAAB", "ZABAA");
}

static void the_job_that_runs_is_its_callers_first(void **state)
{
	assert_turns(*state, "A", "AAB", "ABAA");
}

static void turns_of_many_go_round(void **state)
{
	assert_turns(*state, "Z", "AABBCA", "ZABCABA");
}

/* --- jobs that are called off ------ */

static void a_cancelled_job_never_reaches_the_card(void **state)
{
	struct worker *worker = *state;
	struct job *job = shop_job(JOB_VERIFY_PIN, "B", "1234");

	fake_block("QUERY");
	shop_submit_tries(worker, "A");
	fake_wait_blocked();
	worker_submit(worker, job);
	worker_cancel(worker, job, ANSWER_CANCELLED);
	assert_string_equal(shop_callers_done(), "B");
	assert_int_equal(shop_records[0].result, ANSWER_CANCELLED);
	fake_unblock();
	shop_submit_tries(worker, "C");
	main_turn_until(shop_record_count == 3);
	assert_string_equal(shop_callers_done(), "BAC");
	shop_assert_journal("begin SELECT QUERY end begin SELECT QUERY end");
}

static void a_job_that_has_begun_cannot_be_cancelled(void **state)
{
	struct worker *worker = *state;
	struct job *job = shop_job(JOB_VERIFY_PIN, "A", "1234");

	fake_block("VERIFY");
	worker_submit(worker, job);
	fake_wait_blocked();
	worker_cancel(worker, job, ANSWER_CANCELLED);
	assert_int_equal(shop_record_count, 0);
	fake_unblock();
	main_turn_until(shop_record_count == 1);
	assert_int_equal(shop_records[0].result, 0);
}

static void a_job_that_another_program_keeps_waiting_can_be_cancelled(void **state)
{
	struct worker *worker = *state;
	struct job *job = shop_job(JOB_VERIFY_PIN, "A", "1234");

	fake_block("begin");
	worker_submit(worker, job);
	fake_wait_blocked();
	worker_cancel(worker, job, ANSWER_BUSY);
	assert_string_equal(shop_callers_done(), "A");
	assert_int_equal(shop_records[0].result, ANSWER_BUSY);
	assert_false(shop_records[0].had_pin);
	fake_unblock();
	shop_assert_journal("begin end");
	shop_release(worker);
	assert_int_equal(shop_record_count, 1);
}

static void a_release_finishes_the_job_that_another_program_keeps_waiting_at_once(void **state)
{
	struct worker *worker = *state;

	fake_block("begin");
	worker_submit(worker, shop_job(JOB_VERIFY_PIN, "A", "1234"));
	fake_wait_blocked();
	worker_submit(worker, shop_job(JOB_READ_TRIES, "B", NULL));
	assert_true(worker_is_kept_waiting(worker));

	worker_release(worker, ANSWER_CANCELLED);
	assert_string_equal(shop_callers_done(), "AB");
	assert_int_equal(shop_records[0].result, ANSWER_CANCELLED);
	assert_int_equal(shop_records[1].result, ANSWER_CANCELLED);
	assert_int_equal(worker_count(), 1);

	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_int_equal(shop_record_count, 2);
	assert_string_equal(fake_journal(), "begin end disconnect(leave) close");
}

static void a_release_lets_the_job_that_has_begun_end_and_closes_the_card(void **state)
{
	struct worker *worker = *state;

	fake_block("SIGN");
	worker_submit(worker, shop_sign_job("A", "x"));
	fake_wait_blocked();
	worker_submit(worker, shop_job(JOB_READ_TRIES, "B", NULL));
	worker_release(worker, ANSWER_CANCELLED);
	assert_string_equal(shop_callers_done(), "B");
	assert_int_equal(shop_records[0].result, ANSWER_CANCELLED);

	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_string_equal(shop_callers_done(), "BA");
	assert_int_equal(shop_records[1].result, 0);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN CLEAR end disconnect(leave) close");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

/* Why it ends is for the caller; the card has answered all the same. */
static void a_release_for_whatever_reason_ends_a_long_job_early_and_closes_the_card(void **state)
{
	static const int reasons[] = { ANSWER_CANCELLED, ANSWER_CARD_REMOVED, ANSWER_READER_ERROR,
				       ANSWER_PCSC_UNAVAILABLE };

	for (size_t i = 0; i < LENGTH_OF(reasons); i++) {
		struct worker *worker = *state;

		fake_block("SIGN");
		worker_submit(worker, shop_sign_job("A", "xyz"));
		fake_wait_blocked();
		worker_release(worker, reasons[i]);
		fake_unblock();
		main_turn_until(worker_count() == 0);
		assert_string_equal(shop_callers_done(), "A");
		assert_int_equal(shop_records[0].result, reasons[i]);
		assert_string_equal(fake_journal(),
				    "begin SELECT QUERY VERIFY SIGN CLEAR end disconnect(leave) close");
		shop_tear_down(state);
		shop_set_up_found(state);
	}
}

static void a_worker_that_is_told_to_end_tells_when_the_card_is_free(void **state)
{
	struct worker *worker = *state;

	worker_end(worker, ANSWER_CARD_REMOVED);
	shop_wait_for_end(0);
	assert_string_equal(fake_journal(), "disconnect(leave) close");
}

static void what_runs_when_a_worker_is_told_to_end_is_done_and_what_waits_is_not(void **state)
{
	struct worker *worker = *state;

	fake_block("SIGN");
	worker_submit(worker, shop_sign_job("A", "x"));
	worker_submit(worker, shop_sign_job("B", "x"));
	fake_wait_blocked();
	worker_end(worker, ANSWER_CARD_REMOVED);
	assert_string_equal(shop_callers_done(), "B");
	assert_int_equal(shop_records[0].result, ANSWER_CARD_REMOVED);
	fake_unblock();
	shop_wait_for_end(0);
	assert_string_equal(shop_callers_done(), "BA");
	assert_int_equal(shop_records[1].result, 0);
	assert_false(fake_card.verified[JPKI_AUTH]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, shop_set_up_found, shop_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_kind_of_job_does_its_own_and_no_more_and_leaves_the_card_closed),
		TEST(a_sign_job_brings_the_certificate_where_it_is_wanted),
		TEST(the_tries_of_a_locked_pin_are_an_answer),
		TEST(a_card_that_somebody_left_open_is_closed_even_if_no_pin_was_sent),
		TEST(a_refusal_of_the_guard_ends_the_job_and_leaves_the_card_as_it_was),
		TEST(a_wrong_pin_costs_one_try_and_signs_nothing),
		TEST(the_next_job_waits_until_the_card_is_closed_and_the_reply_does_not),
		TEST(callers_take_turns),
		TEST(the_job_that_runs_is_its_callers_first),
		TEST(turns_of_many_go_round),
		TEST(a_cancelled_job_never_reaches_the_card),
		TEST(a_job_that_has_begun_cannot_be_cancelled),
		TEST(a_job_that_another_program_keeps_waiting_can_be_cancelled),
		TEST(a_release_finishes_the_job_that_another_program_keeps_waiting_at_once),
		TEST(a_release_lets_the_job_that_has_begun_end_and_closes_the_card),
		TEST(a_release_for_whatever_reason_ends_a_long_job_early_and_closes_the_card),
		TEST(a_worker_that_is_told_to_end_tells_when_the_card_is_free),
		TEST(what_runs_when_a_worker_is_told_to_end_is_done_and_what_waits_is_not),
	};

	return cmocka_run_group_tests_name("worker-jobs", tests, main_setup, NULL);
}
