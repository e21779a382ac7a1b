/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who waits how long, and what is remembered. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/state.h"

/* Seconds by wrong ones in a row. */
static const time_t waits[] = { 0, 0, MINUTE, 10 * MINUTE, HOUR, HOUR, HOUR };

static void nobody_waits_who_is_not_known(void **state)
{
	for (int secret = 0; secret < LEDGER_SECRET_COUNT; secret++)
		state_assert_free((enum ledger_secret)secret, ALICE, STATE_NOW);
	assert_int_equal(state_file_count(), 0);
	assert_int_equal(state_log_lines, 0);
}

static void the_wait_grows_from_a_minute_to_an_hour_and_no_further(void **state)
{
	for (size_t wrong = 1; wrong < LENGTH_OF(waits); wrong++) {
		const time_t now = STATE_NOW + (time_t)wrong * 2 * HOUR;

		state_get_wrong(LEDGER_SIGN_PIN, ALICE, 1, now);
		if (waits[wrong] > 0) {
			state_assert_held_off(LEDGER_SIGN_PIN, ALICE, now, now + waits[wrong]);
			state_assert_held_off(LEDGER_SIGN_PIN, ALICE, now + waits[wrong] - 1, now + waits[wrong]);
		}
		state_assert_free(LEDGER_SIGN_PIN, ALICE, now + waits[wrong]);
	}
	assert_int_equal(state_log_lines, 0);
}

static void the_waits_are_those_of_the_rules(void **state)
{
	const struct rules rules = { .reserve = 1, .hold_off = { 100, 7000, 24 * HOUR } };
	time_t until;

	for (unsigned int wrong = 2; wrong <= 5; wrong++) {
		const time_t wait = (time_t)rules.hold_off[wrong < 4 ? wrong - 2 : 2] + ROUNDING;

		state_get_wrong(LEDGER_AUTH_PIN, ALICE, wrong == 2 ? 2 : 1, STATE_NOW);
		assert_int_equal(ledger_check(&state_ledger, &rules, LEDGER_AUTH_PIN, ALICE,
					      STATE_NOW + wait - 1, &until), ANSWER_HELD_OFF);
		assert_int_equal(until, STATE_NOW + wait);
		assert_int_equal(ledger_check(&state_ledger, &rules, LEDGER_AUTH_PIN, ALICE,
					      STATE_NOW + wait, &until), 0);
	}
}

static void looking_does_not_make_the_wait_longer(void **state)
{
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 2, STATE_NOW);
	for (time_t now = STATE_NOW; now < STATE_NOW + MINUTE; now++)
		state_assert_held_off(LEDGER_AUTH_PIN, ALICE, now, STATE_NOW + MINUTE);
	state_assert_free(LEDGER_AUTH_PIN, ALICE, STATE_NOW + MINUTE);
}

static void other_users_secrets_and_cards_do_not_wait(void **state)
{
	struct ledger other = state_ledger;
	time_t until;

	other.card[DIGEST_LENGTH - 1] ^= 1;
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 4, STATE_NOW);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, STATE_NOW, STATE_NOW + HOUR);
	state_assert_free(LEDGER_AUTH_PIN, BOB, STATE_NOW);
	state_assert_free(LEDGER_SIGN_PIN, ALICE, STATE_NOW);
	state_assert_free(LEDGER_RESET_CODE, ALICE, STATE_NOW);
	assert_int_equal(ledger_check(&other, &state_rules, LEDGER_AUTH_PIN, ALICE, STATE_NOW, &until), 0);
}

static void a_right_pin_is_the_end_of_it_for_that_user_and_secret_only(void **state)
{
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 3, STATE_NOW);
	state_get_wrong(LEDGER_SIGN_PIN, ALICE, 3, STATE_NOW);
	state_get_wrong(LEDGER_AUTH_PIN, BOB, 3, STATE_NOW);
	state_use(LEDGER_AUTH_PIN, ALICE, LEDGER_RIGHT, STATE_NOW + HOUR);

	assert_int_equal(state_wrong(LEDGER_AUTH_PIN, ALICE), 0);
	assert_int_equal(state_wrong(LEDGER_SIGN_PIN, ALICE), 3);
	assert_int_equal(state_wrong(LEDGER_AUTH_PIN, BOB), 3);
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, STATE_NOW + HOUR);
	state_assert_free(LEDGER_AUTH_PIN, ALICE, STATE_NOW + HOUR);
}

static void of_a_right_pin_nothing_is_remembered(void **state)
{
	state_use(LEDGER_AUTH_PIN, ALICE, LEDGER_RIGHT, STATE_NOW);
	assert_int_equal(state_file_count(), 0);

	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, STATE_NOW);
	assert_int_equal(state_file_count(), 1);
	state_use(LEDGER_AUTH_PIN, ALICE, LEDGER_RIGHT, STATE_NOW);
	assert_int_equal(state_file_count(), 0);
}

static void what_was_not_sent_leaves_no_trace(void **state)
{
	state_use(LEDGER_AUTH_PIN, ALICE, LEDGER_NOT_SENT, STATE_NOW);
	assert_int_equal(state_file_count(), 0);

	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 2, STATE_NOW);
	state_use(LEDGER_AUTH_PIN, ALICE, LEDGER_NOT_SENT, STATE_NOW + HOUR);
	state_use(LEDGER_AUTH_PIN, BOB, LEDGER_NOT_SENT, STATE_NOW + HOUR);
	assert_int_equal(state_wrong(LEDGER_AUTH_PIN, ALICE), 2);
	assert_int_equal(state_wrong(LEDGER_AUTH_PIN, BOB), 0);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, STATE_NOW + MINUTE - 1, STATE_NOW + MINUTE);
}

static void an_intent_that_is_found_unsettled_counts_as_wrong_from_then_on(void **state)
{
	const time_t later = STATE_NOW + 5 * HOUR;

	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, STATE_NOW);
	state_begin(LEDGER_AUTH_PIN, ALICE, STATE_NOW);
	/* The daemon is started again. */
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, later, later + MINUTE);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, later + 1, later + MINUTE);
	state_assert_free(LEDGER_AUTH_PIN, BOB, later);
	assert_int_equal(state_wrong(LEDGER_AUTH_PIN, ALICE), 2);
}

static void the_next_intent_counts_the_one_before(void **state)
{
	state_begin(LEDGER_AUTH_PIN, ALICE, STATE_NOW);
	state_begin(LEDGER_AUTH_PIN, ALICE, STATE_NOW);
	state_use(LEDGER_SIGN_PIN, BOB, LEDGER_RIGHT, STATE_NOW);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, STATE_NOW, STATE_NOW + MINUTE);
}

static void a_late_settle_does_nothing(void **state)
{
	static const enum ledger_outcome outcomes[] = { LEDGER_RIGHT, LEDGER_WRONG, LEDGER_NOT_SENT };

	for (size_t i = 0; i < LENGTH_OF(outcomes); i++) {
		const struct ledger_intent late = state_begin(LEDGER_AUTH_PIN, ALICE, STATE_NOW);
		const struct ledger_intent next = state_begin(LEDGER_AUTH_PIN, ALICE, STATE_NOW);

		assert_int_not_equal(late.number, next.number);
		assert_int_equal(ledger_settle(&state_ledger, &late, outcomes[i], STATE_NOW), 0);
		assert_int_equal(state_wrong(LEDGER_AUTH_PIN, ALICE), 2);
		assert_int_equal(ledger_settle(&state_ledger, &next, LEDGER_NOT_SENT, STATE_NOW), 0);
		assert_int_equal(state_wrong(LEDGER_AUTH_PIN, ALICE), 1);
		assert_int_equal(ledger_settle(&state_ledger, &next, outcomes[i], STATE_NOW), 0);
		assert_int_equal(state_wrong(LEDGER_AUTH_PIN, ALICE), 1);
		state_use(LEDGER_AUTH_PIN, ALICE, LEDGER_RIGHT, STATE_NOW);
	}
}

static void after_a_clock_was_set_back_nobody_waits_longer_than_a_full_wait(void **state)
{
	const time_t back = STATE_NOW - 1000 * HOUR;

	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 3, STATE_NOW);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, back, back + 10 * MINUTE);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, back + MINUTE, back + 10 * MINUTE);
	state_assert_free(LEDGER_AUTH_PIN, ALICE, back + 10 * MINUTE);
	assert_int_equal(state_wrong(LEDGER_AUTH_PIN, ALICE), 3);

	state_get_wrong(LEDGER_AUTH_PIN, BOB, 2, STATE_NOW);
	state_assert_held_off(LEDGER_AUTH_PIN, BOB, STATE_NOW - 1, STATE_NOW - 1 + MINUTE);
}

static void a_clock_set_forward_ends_the_wait_but_forgets_nothing(void **state)
{
	const time_t forward = STATE_NOW + 1000 * HOUR;

	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 3, STATE_NOW);
	state_assert_free(LEDGER_AUTH_PIN, ALICE, forward);
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, forward);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, forward, forward + HOUR);
}

static void spoil(void)
{
	state_write("?", 1);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, STATE_NOW, STATE_NOW + HOUR);
}

static void after_a_spoilt_ledger_one_wrong_pin_is_an_hour_again(void **state)
{
	const time_t later = STATE_NOW + HOUR;

	spoil();
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, later);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, later, later + HOUR);
	state_assert_free(LEDGER_SIGN_PIN, ALICE, later);
	state_assert_free(LEDGER_AUTH_PIN, BOB, later);
}

static void after_a_spoilt_ledger_a_right_pin_clears_its_user_only(void **state)
{
	const time_t later = STATE_NOW + HOUR;

	spoil();
	state_use(LEDGER_AUTH_PIN, ALICE, LEDGER_RIGHT, later);
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, later);
	state_assert_free(LEDGER_AUTH_PIN, ALICE, later);
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, later);
	state_assert_held_off(LEDGER_AUTH_PIN, ALICE, later, later + MINUTE);

	state_get_wrong(LEDGER_AUTH_PIN, BOB, 1, later);
	state_assert_held_off(LEDGER_AUTH_PIN, BOB, later, later + HOUR);
	state_get_wrong(LEDGER_SIGN_PIN, ALICE, 1, later);
	state_assert_held_off(LEDGER_SIGN_PIN, ALICE, later, later + HOUR);
}

static void a_full_ledger_takes_no_more_users_and_says_so_once(void **state)
{
	struct ledger_intent intent = { .number = 7 };

	/* As long as they can be: ten digits of a user's number, the longest name, the latest time. */
	for (uid_t i = 0; i < LEDGER_ENTRIES_MAX; i++)
		state_get_wrong(LEDGER_RESET_CODE, LEDGER_ANYBODY - 1 - i, 1, INT64_MAX - HOUR);
	assert_int_equal(state_log_lines, 0);
	assert_int_equal(ledger_begin(&state_ledger, LEDGER_RESET_CODE, ALICE, INT64_MAX - HOUR, &intent), -ENOSPC);
	assert_int_equal(ledger_begin(&state_ledger, LEDGER_AUTH_PIN, LEDGER_ANYBODY - 1, INT64_MAX - HOUR, &intent),
			 -ENOSPC);
	assert_int_equal(intent.number, 7);
	assert_int_equal(state_log_lines, 1);

	/* Those who are in it go on, and make room. */
	state_get_wrong(LEDGER_RESET_CODE, LEDGER_ANYBODY - 1, 1, INT64_MAX - HOUR);
	state_begin(LEDGER_RESET_CODE, LEDGER_ANYBODY - 1, INT64_MAX - HOUR);
	state_use(LEDGER_RESET_CODE, LEDGER_ANYBODY - 2, LEDGER_RIGHT, INT64_MAX - HOUR);
	state_get_wrong(LEDGER_RESET_CODE, ALICE, 1, INT64_MAX - HOUR);
	assert_int_equal(state_wrong(LEDGER_RESET_CODE, LEDGER_ANYBODY - 1), 3);
	assert_int_equal(state_wrong(LEDGER_RESET_CODE, ALICE), 1);
}

static void a_user_that_stands_for_anybody_is_refused(void **state)
{
	struct ledger_intent intent;

	assert_int_equal(ledger_begin(&state_ledger, LEDGER_AUTH_PIN, LEDGER_ANYBODY, STATE_NOW, &intent), -EINVAL);
	assert_int_equal(state_file_count(), 0);
}

enum {
	THREAD_COUNT = 4,
	USERS_PER_THREAD = LEDGER_ENTRIES_MAX / THREAD_COUNT,
};

static void *get_one_wrong_each(void *userdata)
{
	const uid_t first = *(const uid_t *)userdata;

	for (uid_t uid = first; uid < first + USERS_PER_THREAD; uid++) {
		struct ledger_intent intent;

		if (ledger_begin(&state_ledger, LEDGER_AUTH_PIN, uid, STATE_NOW, &intent) < 0 ||
		    ledger_settle(&state_ledger, &intent, LEDGER_WRONG, STATE_NOW) < 0)
			return userdata;
	}
	return NULL;
}

/* Whether an intent is settled by its own thread or counted by another: it is once. */
static void what_several_threads_note_at_once_is_all_noted(void **state)
{
	pthread_t threads[THREAD_COUNT];
	uid_t first[THREAD_COUNT];
	void *failed;

	for (unsigned int i = 0; i < THREAD_COUNT; i++) {
		first[i] = 1 + i * USERS_PER_THREAD;
		assert_int_equal(pthread_create(&threads[i], NULL, get_one_wrong_each, &first[i]), 0);
	}
	for (unsigned int i = 0; i < THREAD_COUNT; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	for (uid_t uid = 1; uid <= THREAD_COUNT * USERS_PER_THREAD; uid++)
		assert_int_equal(state_wrong(LEDGER_AUTH_PIN, uid), 1);
}

/* --- the directory ------ */

static void assert_directory_refused(const char *path, int r)
{
	state_log_lines = 0;
	assert_int_equal(path ? setenv("STATE_DIRECTORY", path, 1) : unsetenv("STATE_DIRECTORY"), 0);
	assert_int_equal(ledger_open_directory(), r);
	assert_int_equal(state_log_lines, 1);
}

static void the_state_directory_is_the_first_that_the_service_manager_names(void **state)
{
	char two[STATE_PATH_SIZE + 10];
	struct stat expected, found;
	int fd;

	snprintf(two, sizeof(two), "%s:/nowhere", state_path);
	assert_int_equal(setenv("STATE_DIRECTORY", two, 1), 0);
	fd = ledger_open_directory();
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(fd, &found), 0);
	assert_int_equal(stat(state_path, &expected), 0);
	assert_int_equal(found.st_ino, expected.st_ino);
	close(fd);
	assert_int_equal(state_log_lines, 0);
}

static void a_directory_that_is_missing_or_not_ours_alone_is_refused_with_a_word_why(void **state)
{
	char link[STATE_PATH_SIZE + 5], missing[STATE_PATH_SIZE + 8];

	snprintf(link, sizeof(link), "%s/link", state_path);
	snprintf(missing, sizeof(missing), "%s/missing", state_path);
	assert_int_equal(symlink(state_path, link), 0);
	state_write("", 0);

	assert_directory_refused(NULL, -ENOENT);
	assert_directory_refused("", -EINVAL);
	assert_directory_refused(":/tmp", -EINVAL);
	assert_directory_refused("tmp", -EINVAL);
	assert_directory_refused(missing, -ENOENT);
	assert_directory_refused(state_file(""), -ENOTDIR);
	assert_directory_refused(link, -ENOTDIR);
	assert_int_equal(chmod(state_path, 0770), 0);
	assert_directory_refused(state_path, -EPERM);
	assert_int_equal(chmod(state_path, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(state_path, ALICE, (gid_t)-1), 0);
		assert_directory_refused(state_path, -EPERM);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_waits_who_is_not_known),
		TEST(the_wait_grows_from_a_minute_to_an_hour_and_no_further),
		TEST(the_waits_are_those_of_the_rules),
		TEST(looking_does_not_make_the_wait_longer),
		TEST(other_users_secrets_and_cards_do_not_wait),
		TEST(a_right_pin_is_the_end_of_it_for_that_user_and_secret_only),
		TEST(of_a_right_pin_nothing_is_remembered),
		TEST(what_was_not_sent_leaves_no_trace),
		TEST(an_intent_that_is_found_unsettled_counts_as_wrong_from_then_on),
		TEST(the_next_intent_counts_the_one_before),
		TEST(a_late_settle_does_nothing),
		TEST(after_a_clock_was_set_back_nobody_waits_longer_than_a_full_wait),
		TEST(a_clock_set_forward_ends_the_wait_but_forgets_nothing),
		TEST(after_a_spoilt_ledger_one_wrong_pin_is_an_hour_again),
		TEST(after_a_spoilt_ledger_a_right_pin_clears_its_user_only),
		TEST(a_full_ledger_takes_no_more_users_and_says_so_once),
		TEST(a_user_that_stands_for_anybody_is_refused),
		TEST(what_several_threads_note_at_once_is_all_noted),
		TEST(the_state_directory_is_the_first_that_the_service_manager_names),
		TEST(a_directory_that_is_missing_or_not_ours_alone_is_refused_with_a_word_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
