/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers that never return, at any step: whoever waits is told after a minute, which goes by in less than one here. */
#include <systemd/sd-event.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "tests/unit/shop.h"

enum {
	SPEED = 120, /* how much faster the daemon's clock runs */
	MINUTE = 60 * 1000000 / SPEED,
	LATENESS = 300 * 1000, /* of a timer: it has an accuracy, and the machine may be busy */
};

/* --- the clock of what is tested ------------------------------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);
int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret_source, clockid_t clock, uint64_t usec,
				      uint64_t accuracy, sd_event_time_handler_t handler, void *userdata);
int __real_sd_event_source_set_time(sd_event_source *source, uint64_t usec);
int __wrap_sd_event_source_set_time(sd_event_source *source, uint64_t usec);
int __real_sd_event_source_set_time_relative(sd_event_source *source, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *source, uint64_t usec);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	const int r = __real_clock_gettime(clock, ret_now);

	if (r == 0 && clock == CLOCK_MONOTONIC) {
		const long nanoseconds = ret_now->tv_nsec * SPEED;

		ret_now->tv_sec = ret_now->tv_sec * SPEED + nanoseconds / 1000000000;
		ret_now->tv_nsec = nanoseconds % 1000000000;
	}
	return r;
}

int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret_source, clockid_t clock, uint64_t usec,
				      uint64_t accuracy, sd_event_time_handler_t handler, void *userdata)
{
	uint64_t now;

	assert_true(sd_event_now(event, clock, &now) >= 0);
	return sd_event_add_time(event, ret_source, clock, now + usec / SPEED, accuracy, handler, userdata);
}

int __wrap_sd_event_source_set_time(sd_event_source *source, uint64_t usec)
{
	return __real_sd_event_source_set_time(source, usec / SPEED);
}

int __wrap_sd_event_source_set_time_relative(sd_event_source *source, uint64_t usec)
{
	return __real_sd_event_source_set_time_relative(source, usec / SPEED);
}

/* --- what is told ---------------------------------------------------------------------------------------------- */

static void turn_for(uint64_t microseconds)
{
	for (const uint64_t begin = main_now(); main_now() - begin < microseconds;)
		main_turn();
}

/* Not sooner than after a minute. */
static void assert_stuck(void)
{
	uint64_t begin;

	fake_wait_blocked();
	begin = main_now();
	main_turn_until(shop_told.stuck > 0);
	assert_true(main_now() - begin > MINUTE / 2);
}

/* As who is told does it; then nothing more is told, also when the reader returns after all. */
static void give_up(struct worker *worker)
{
	worker_release(worker, ANSWER_READER_ERROR);
	turn_for(MINUTE + LATENESS);
	assert_int_equal(shop_told.stuck, 1);
	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_int_equal(shop_told.ended, SHOP_NOT_YET);
}

static void a_card_that_never_answers_is_told_and_its_caller_too(void **state)
{
	struct worker *worker = *state;

	fake_block("SIGN");
	worker_submit(worker, shop_sign_job("A", "x"));
	worker_submit(worker, shop_job(JOB_READ_TRIES, "B", NULL));
	assert_stuck();
	assert_string_equal(shop_callers_done(), "A");
	assert_int_equal(shop_records[0].result, ANSWER_READER_ERROR);
	give_up(worker);
	assert_string_equal(shop_callers_done(), "AB");
	assert_int_equal(shop_records[1].result, ANSWER_READER_ERROR);
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void a_card_that_never_answers_a_pin_leaves_its_outcome_unknown(void **state)
{
	struct worker *worker = *state;

	fake_block("VERIFY");
	worker_submit(worker, shop_job(JOB_VERIFY_PIN, "A", "1234"));
	assert_stuck();
	assert_string_equal(shop_callers_done(), "A");
	assert_int_equal(shop_records[0].result, ANSWER_OUTCOME_UNKNOWN);
	give_up(worker);
}

static void a_card_that_never_answers_the_first_question_is_told(void **state)
{
	struct worker *worker;

	shop_release(*state);
	fake_block("SELECT");
	worker = shop_start(true, false);
	assert_stuck();
	give_up(worker);
}

static void a_reader_that_hangs_after_a_fault_is_told(void **state)
{
	static const char *const steps[] = { "gone?", "disconnect", "close" };

	for (size_t i = 0; i < LENGTH_OF(steps); i++) {
		struct worker *worker = i == 0 ? *state : shop_find(true, false);

		fake_answer("SIGN", ANSWER_READER_ERROR);
		fake_block(steps[i]);
		worker_submit(worker, shop_sign_job("A", "x"));
		assert_stuck();
		give_up(worker);
		shop_reset();
	}
}

static void a_reader_that_hangs_while_a_card_is_closed_is_told(void **state)
{
	struct worker *worker = *state;

	fake_card.refuses_clear = true;
	fake_block("power");
	assert_int_equal(shop_run(worker, shop_sign_job("A", "x"))->result, 0);
	assert_stuck();
	give_up(worker);
}

static void a_reader_that_hangs_when_an_idle_card_is_let_go_is_told(void **state)
{
	struct worker *worker = *state;

	turn_for(MINUTE + LATENESS); /* nothing is waited for any more */
	fake_block("disconnect");
	worker_end(worker, ANSWER_CANCELLED);
	assert_stuck();
	give_up(worker);
}

/* --- what is not ----------------------------------------------------------------------------------------------- */

static void a_card_in_peace_is_not_told(void **state)
{
	turn_for(2 * MINUTE + LATENESS);
	assert_int_equal(shop_told.stuck, 0);
	assert_int_equal(shop_run(*state, shop_sign_job("A", "x"))->result, 0);
}

static void a_wait_behind_another_program_is_not_told(void **state)
{
	fake_block("begin");
	worker_submit(*state, shop_job(JOB_READ_TRIES, "A", NULL));
	fake_wait_blocked();
	turn_for(2 * MINUTE + LATENESS);
	assert_int_equal(shop_told.stuck, 0);
	fake_unblock();
	main_turn_until(shop_record_count == 1);
	assert_int_equal(shop_records[0].result, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, shop_set_up_found, shop_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_card_that_never_answers_is_told_and_its_caller_too),
		TEST(a_card_that_never_answers_a_pin_leaves_its_outcome_unknown),
		TEST(a_card_that_never_answers_the_first_question_is_told),
		TEST(a_reader_that_hangs_after_a_fault_is_told),
		TEST(a_reader_that_hangs_while_a_card_is_closed_is_told),
		TEST(a_reader_that_hangs_when_an_idle_card_is_let_go_is_told),
		TEST(a_card_in_peace_is_not_told),
		TEST(a_wait_behind_another_program_is_not_told),
	};

	return cmocka_run_group_tests_name("worker-stuck", tests, main_setup, NULL);
}
