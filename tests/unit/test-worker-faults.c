/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cards that fail a worker: no try is spent twice, none stays open, and nothing is sent to the one that comes next. */
#include "base/error.h"
#include "tests/unit/shop.h"

/* --- the card is not closed ------ */

static void a_card_that_refuses_to_be_closed_is_powered_off_and_goes_on(void **state)
{
	struct worker *worker = *state;

	fake_card.refuses_clear = true;
	assert_int_equal(shop_run(worker, shop_sign_job("A", "x"))->result, 0);
	shop_assert_journal("begin SELECT QUERY VERIFY SIGN CLEAR CLEAR power end");
	assert_false(fake_card.verified[JPKI_AUTH]);

	fake_reset();
	assert_int_equal(shop_run(worker, shop_job(JOB_READ_TRIES, "A", NULL))->result, 0);
	shop_assert_journal("begin SELECT QUERY end");
}

static void a_card_that_cannot_be_closed_at_all_is_given_up_with_the_power_off(void **state)
{
	struct worker *worker = *state;

	fake_card.refuses_clear = true;
	fake_answer("power", ANSWER_READER_ERROR);
	assert_int_equal(shop_run(worker, shop_sign_job("A", "x"))->result, 0);
	shop_wait_for_end(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(),
			    "begin SELECT QUERY VERIFY SIGN CLEAR CLEAR power disconnect(off) close");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void a_fault_while_the_card_is_closed_takes_its_power(void **state)
{
	struct worker *worker = *state;

	fake_answer("CLEAR", ANSWER_READER_ERROR);
	assert_int_equal(shop_run(worker, shop_sign_job("A", "x"))->result, 0);
	shop_wait_for_end(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN CLEAR disconnect(off) close");
}

static void a_fault_after_a_wrong_code_is_followed_by_nothing(void **state)
{
	struct worker *worker = *state;
	struct job *job = shop_job(JOB_RESET_PIN, "A", "WRONG1");

	fake_card.has_reset_code = true;
	job->with_pin = false;
	job->new_pin = secret_copy(job->pin);
	assert_non_null(job->new_pin);
	fake_answer("QUERY", ANSWER_READER_ERROR);
	assert_int_equal(shop_run(worker, job)->result, ANSWER_PIN_INCORRECT);
	shop_wait_for_end(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY-CODE RESET QUERY disconnect(off) close");
}

/* --- an answer is lost ------ */

static void a_verify_whose_answer_is_lost_is_never_sent_again_and_leaves_no_open_card(void **state)
{
	struct worker *worker = *state;
	const struct shop_record *record;

	fake_answer("VERIFY", ANSWER_READER_ERROR);
	record = shop_run(worker, shop_sign_job("A", "x"));
	assert_int_equal(record->result, ANSWER_OUTCOME_UNKNOWN);
	assert_false(record->has_tries);
	assert_true(record->may_be_open);
	shop_wait_for_end(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY disconnect(off) close");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void the_worker_after_a_lost_verify_finds_the_counter_as_it_is(void **state)
{
	struct worker *worker = *state;

	fake_answer("VERIFY", ANSWER_READER_ERROR);
	shop_run(worker, shop_job(JOB_VERIFY_PIN, "A", "9999"));
	shop_wait_for_end(ANSWER_READER_ERROR);

	shop_told.found = false;
	shop_find(true, true);
	assert_int_equal(shop_told.finding.tries[JPKI_AUTH], 2);
}

static void a_transport_error_ends_the_job_and_those_that_wait_with_the_power_off(void **state)
{
	struct worker *worker = *state;

	fake_answer("SELECT", ANSWER_READER_ERROR);
	worker_submit(worker, shop_job(JOB_READ_TRIES, "A", NULL));
	worker_submit(worker, shop_job(JOB_READ_TRIES, "B", NULL));
	shop_wait_for_end(ANSWER_READER_ERROR);
	assert_string_equal(shop_callers_done(), "AB");
	assert_int_equal(shop_records[0].result, ANSWER_READER_ERROR);
	assert_int_equal(shop_records[1].result, ANSWER_READER_ERROR);
	assert_false(shop_records[1].back);
	assert_string_equal(fake_journal(), "begin SELECT gone? disconnect(off) close");
}

static void a_fault_between_verify_and_sign_leaves_no_open_card(void **state)
{
	struct worker *worker = *state;

	fake_answer("SIGN", ANSWER_READER_ERROR);
	assert_int_equal(shop_run(worker, shop_sign_job("A", "xy"))->result, ANSWER_READER_ERROR);
	shop_wait_for_end(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN gone? disconnect(off) close");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

/* --- the card is gone ------ */

static void a_fault_because_the_card_is_gone_is_told_so(void **state)
{
	struct worker *worker = *state;

	fake_answer("SIGN", ANSWER_READER_ERROR);
	fake_answer("gone?", true);
	assert_int_equal(shop_run(worker, shop_sign_job("A", "x"))->result, ANSWER_CARD_REMOVED);
	shop_wait_for_end(ANSWER_CARD_REMOVED);
}

static void a_card_pulled_at_a_verify_leaves_the_outcome_unknown(void **state)
{
	struct worker *worker = *state;

	fake_answer("VERIFY", ANSWER_CARD_REMOVED);
	worker_submit(worker, shop_job(JOB_VERIFY_PIN, "A", "9999"));
	worker_submit(worker, shop_job(JOB_VERIFY_PIN, "B", "1234"));
	shop_wait_for_end(ANSWER_CARD_REMOVED);
	assert_string_equal(shop_callers_done(), "AB");
	assert_int_equal(shop_records[0].result, ANSWER_OUTCOME_UNKNOWN);
	assert_int_equal(shop_records[1].result, ANSWER_CARD_REMOVED);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY disconnect(off) close");
}

static void a_card_pulled_in_the_middle_ends_the_job_and_those_that_wait(void **state)
{
	struct worker *worker = *state;

	fake_block("SIGN");
	fake_answer("SIGN", ANSWER_CARD_REMOVED);
	worker_submit(worker, shop_sign_job("A", "x"));
	fake_wait_blocked();
	worker_submit(worker, shop_job(JOB_READ_TRIES, "B", NULL));
	worker_submit(worker, shop_job(JOB_VERIFY_PIN, "C", "1234"));
	fake_unblock();
	shop_wait_for_end(ANSWER_CARD_REMOVED);
	assert_string_equal(shop_callers_done(), "ABC");
	for (size_t i = 0; i < shop_record_count; i++)
		assert_int_equal(shop_records[i].result, ANSWER_CARD_REMOVED);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN disconnect(off) close");
}

static void a_card_that_is_gone_before_its_turn_ends_the_job(void **state)
{
	struct worker *worker = *state;

	fake_answer("begin", ANSWER_CARD_REMOVED);
	worker_submit(worker, shop_sign_job("A", "x"));
	shop_wait_for_end(ANSWER_CARD_REMOVED);
	assert_string_equal(shop_callers_done(), "A");
	assert_int_equal(shop_records[0].result, ANSWER_CARD_REMOVED);
	assert_false(shop_records[0].may_be_open);
	assert_string_equal(fake_journal(), "begin disconnect(off) close");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, shop_set_up_found, shop_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_card_that_refuses_to_be_closed_is_powered_off_and_goes_on),
		TEST(a_card_that_cannot_be_closed_at_all_is_given_up_with_the_power_off),
		TEST(a_fault_while_the_card_is_closed_takes_its_power),
		TEST(a_fault_after_a_wrong_code_is_followed_by_nothing),
		TEST(a_verify_whose_answer_is_lost_is_never_sent_again_and_leaves_no_open_card),
		TEST(the_worker_after_a_lost_verify_finds_the_counter_as_it_is),
		TEST(a_transport_error_ends_the_job_and_those_that_wait_with_the_power_off),
		TEST(a_fault_between_verify_and_sign_leaves_no_open_card),
		TEST(a_fault_because_the_card_is_gone_is_told_so),
		TEST(a_card_pulled_at_a_verify_leaves_the_outcome_unknown),
		TEST(a_card_pulled_in_the_middle_ends_the_job_and_those_that_wait),
		TEST(a_card_that_is_gone_before_its_turn_ends_the_job),
	};

	return cmocka_run_group_tests_name("worker-faults", tests, main_setup, NULL);
}
