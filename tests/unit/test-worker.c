/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a thread comes to hold a card: what is sent, in which order, and who is told what. */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/shop.h"

static void a_card_is_found_with_three_commands(void **state)
{
	struct worker *worker = shop_find(true, false);

	assert_string_equal(fake_journal(), OPEN " " PROBE);
	assert_int_equal(shop_told.finding.token.type, JPKI_TYPE_MYNUMBER_CARD);
	assert_true(shop_told.finding.token.has_certificate[JPKI_AUTH]);
	assert_true(shop_told.finding.token.has_certificate[JPKI_SIGN]);
	assert_int_equal(shop_told.finding.tries[JPKI_AUTH], JPKI_TRIES_UNKNOWN);
	assert_int_equal(shop_told.ended, SHOP_NOT_YET);

	shop_release(worker);
	assert_string_equal(fake_journal(), OPEN " " PROBE " disconnect(leave) close");
	assert_int_equal(shop_told.ended, SHOP_NOT_YET);
}

static void a_card_is_shared_where_that_is_chosen(void **state)
{
	shop_find(false, false);
	assert_string_equal(fake_journal(), "open connect(Reader,shared) " PROBE);
}

static void another_card_is_let_go_as_it_was(void **state)
{
	fake_card.is_jpki = false;
	shop_start(true, true);
	shop_wait_for_end(ANSWER_UNSUPPORTED_CARD);
	assert_string_equal(fake_journal(), OPEN " begin SELECT disconnect(leave) close");
	assert_false(shop_told.found);
}

static void a_card_that_was_there_before_is_closed_before_it_is_read(void **state)
{
	fake_card.verified[JPKI_AUTH] = true;
	shop_find(true, true);
	assert_string_equal(fake_journal(), OPEN " begin SELECT CLEAR SELECT READ READ QUERY QUERY end");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void the_tries_of_a_card_that_was_there_before_are_found_too(void **state)
{
	fake_card.tries[JPKI_AUTH] = 0;
	fake_card.tries[JPKI_SIGN] = 2;
	shop_find(true, true);
	assert_int_equal(shop_told.finding.tries[JPKI_AUTH], 0);
	assert_int_equal(shop_told.finding.tries[JPKI_SIGN], 2);
}

static void a_card_that_does_not_tell_one_counter_is_found_all_the_same(void **state)
{
	fake_card.has_no_sign_pin = true;
	shop_find(true, true);
	assert_int_equal(shop_told.finding.tries[JPKI_AUTH], 3);
	assert_int_equal(shop_told.finding.tries[JPKI_SIGN], JPKI_TRIES_UNKNOWN);
}

static void a_card_that_cannot_be_closed_is_powered_off_before_it_is_read(void **state)
{
	fake_card.verified[JPKI_AUTH] = true;
	fake_card.refuses_clear = true;
	shop_find(true, true);
	assert_string_equal(fake_journal(), OPEN " begin SELECT CLEAR CLEAR power SELECT READ READ QUERY QUERY end");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void a_card_that_another_program_holds_is_asked_for_three_times(void **state)
{
	for (int i = 0; i < 3; i++)
		fake_answer("connect", ANSWER_BUSY);
	shop_start(true, false);
	shop_wait_for_end(ANSWER_BUSY);
	assert_string_equal(fake_journal(),
			    OPEN " connect(Reader,exclusive) connect(Reader,exclusive) close");
}

static void a_card_that_another_program_lets_go_in_time_is_closed_before_it_is_read(void **state)
{
	fake_answer("connect", ANSWER_BUSY);
	fake_answer("connect", ANSWER_BUSY);
	fake_card.verified[JPKI_AUTH] = true;
	shop_find(true, false);
	assert_string_equal(fake_journal(), OPEN " connect(Reader,exclusive) connect(Reader,exclusive) "
					    "begin SELECT CLEAR SELECT READ READ QUERY QUERY end");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void a_worker_that_pcscd_keeps_waiting_says_so(void **state)
{
	struct worker *worker;

	fake_block("connect");
	worker = shop_start(true, false);
	fake_wait_blocked();
	assert_true(worker_is_kept_waiting(worker));
	fake_unblock();
	main_turn_until(shop_told.found);
	assert_false(worker_is_kept_waiting(worker));
}

static void what_ends_before_a_card_is_found_is_told_with_its_answer(void **state)
{
	static const struct {
		const char *step;
		int answer;
		const char *journal;
	} cases[] = {
		{ "open", ANSWER_PCSC_UNAVAILABLE, "open" },
		{ "open", ANSWER_NOT_AUTHORIZED, "open" },
		{ "connect", ANSWER_CARD_REMOVED, OPEN " close" },
		{ "connect", ANSWER_READER_ERROR, OPEN " close" },
		{ "begin", ANSWER_CARD_REMOVED, OPEN " begin disconnect(off) close" },
		{ "SELECT", ANSWER_READER_ERROR, OPEN " begin SELECT disconnect(off) close" },
		{ "READ", ANSWER_CARD_REMOVED, OPEN " begin SELECT READ disconnect(off) close" },
		{ "end", ANSWER_READER_ERROR, OPEN " " PROBE " disconnect(off) close" },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		shop_reset();
		fake_answer(cases[i].step, cases[i].answer);
		shop_start(true, false);
		shop_wait_for_end(cases[i].answer);
		assert_false(shop_told.found);
		assert_string_equal(fake_journal(), cases[i].journal);
	}
}

static void a_card_that_nobody_wants_any_more_when_it_comes_free_is_not_touched(void **state)
{
	struct worker *worker;

	fake_block("connect");
	worker = shop_start(true, true);
	fake_wait_blocked();
	worker_release(worker, ANSWER_CARD_REMOVED);
	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_false(shop_told.found);
	assert_non_null(strstr(fake_journal(), OPEN " disconnect("));
}

static void a_worker_released_before_it_found_its_card_tells_nothing(void **state)
{
	struct worker *worker;

	fake_block("READ");
	worker = shop_start(true, false);
	fake_wait_blocked();
	worker_release(worker, ANSWER_CARD_REMOVED);
	assert_int_equal(worker_count(), 1);
	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_false(shop_told.found);
	assert_int_equal(shop_told.ended, SHOP_NOT_YET);
	assert_string_equal(fake_journal(), OPEN " " PROBE " disconnect(leave) close");
}

static void a_worker_told_to_end_finds_no_card_any_more(void **state)
{
	struct worker *worker;

	fake_block("READ");
	worker = shop_start(true, false);
	fake_wait_blocked();
	worker_end(worker, ANSWER_CARD_REMOVED);
	fake_unblock();
	shop_wait_for_end(0);
	assert_false(shop_told.found);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, shop_set_up, shop_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_card_is_found_with_three_commands),
		TEST(a_card_is_shared_where_that_is_chosen),
		TEST(another_card_is_let_go_as_it_was),
		TEST(a_card_that_was_there_before_is_closed_before_it_is_read),
		TEST(the_tries_of_a_card_that_was_there_before_are_found_too),
		TEST(a_card_that_does_not_tell_one_counter_is_found_all_the_same),
		TEST(a_card_that_cannot_be_closed_is_powered_off_before_it_is_read),
		TEST(a_card_that_another_program_holds_is_asked_for_three_times),
		TEST(a_card_that_another_program_lets_go_in_time_is_closed_before_it_is_read),
		TEST(a_worker_that_pcscd_keeps_waiting_says_so),
		TEST(what_ends_before_a_card_is_found_is_told_with_its_answer),
		TEST(a_card_that_nobody_wants_any_more_when_it_comes_free_is_not_touched),
		TEST(a_worker_released_before_it_found_its_card_tells_nothing),
		TEST(a_worker_told_to_end_finds_no_card_any_more),
	};

	return cmocka_run_group_tests_name("worker", tests, main_setup, NULL);
}
