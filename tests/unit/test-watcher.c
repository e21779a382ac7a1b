/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the main thread is told of pcscd and its readers. A watcher never ends, so one of them goes through all tests,
 * and each begins where the one before has left it.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/watcher.h"
#include "tests/unit/fake-main.h"
#include "tests/unit/fake-pcsc.h"
#include "tests/unit/fake-steps.h"

enum {
	CHANGES_MAX = 16,
	PEACE = 2500 * 1000, /* microseconds: longer than for one that is not there */
};

static struct {
	int answer;
	size_t count;
	char name[PCSC_NAME_SIZE]; /* of the first reader */
} changes[CHANGES_MAX];
static size_t change_count;

static void on_changed(int answer, const struct pcsc_readers *readers, void *userdata)
{
	assert_ptr_equal(userdata, changes);
	assert_true(change_count < CHANGES_MAX);
	changes[change_count].answer = answer;
	changes[change_count].count = readers->count;
	memcpy(changes[change_count++].name, readers->reader[0].name, PCSC_NAME_SIZE);
}

static int setup(void **state)
{
	change_count = 0;
	fake_reset();
	return 0;
}

static void readers_are(const char *name)
{
	fake_readers = (struct pcsc_readers){ .count = name ? 1 : 0 };
	if (name)
		strcpy(fake_readers.reader[0].name, name);
}

/* Whether @step has been taken @count times. */
static bool taken(const char *step, size_t count)
{
	for (const char *place = fake_journal(); (place = strstr(place, step)); place += strlen(step))
		count--;
	return count == 0;
}

static void a_pcscd_that_is_not_there_is_told_once_however_often_it_is_tried(void **state)
{
	for (int i = 0; i < 3; i++)
		fake_answer("open", ANSWER_PCSC_UNAVAILABLE);
	fake_block("open");
	assert_int_equal(watcher_start(main_mailbox, on_changed, changes), 0);
	fake_wait_blocked();
	assert_int_equal(change_count, 0);
	fake_unblock();
	main_turn_until(taken("open", 3));
	assert_int_equal(change_count, 1);
	assert_int_equal(changes[0].answer, ANSWER_PCSC_UNAVAILABLE);
	assert_int_equal(changes[0].count, 0);
	main_turn_until(taken("watch", 1));
	assert_int_equal(change_count, 1);
}

static void a_pcscd_that_comes_is_told_with_its_readers(void **state)
{
	readers_are("A");
	fake_answer("watch", 0);
	main_turn_until(change_count == 1);
	assert_int_equal(changes[0].answer, 0);
	assert_int_equal(changes[0].count, 1);
	assert_string_equal(changes[0].name, "A");
	main_turn_until(taken("watch", 1));
}

static void each_change_is_told_in_order_and_as_it_was_then(void **state)
{
	readers_are("B");
	fake_answer("watch", 0);
	main_turn_until(taken("watch", 1));
	readers_are(NULL);
	fake_answer("watch", 0);
	main_turn_until(taken("watch", 2));
	main_turn_until(change_count == 2);
	assert_int_equal(changes[0].count, 1);
	assert_string_equal(changes[0].name, "B");
	assert_int_equal(changes[1].count, 0);
	assert_string_equal(fake_journal(), "watch watch");
}

static void a_pcscd_that_goes_is_told_once_and_looked_for_again(void **state)
{
	fake_answer("open", ANSWER_PCSC_UNAVAILABLE);
	fake_answer("watch", ANSWER_PCSC_UNAVAILABLE);
	main_turn_until(taken("watch", 1));
	main_turn();
	assert_int_equal(change_count, 1);
	assert_int_equal(changes[0].answer, ANSWER_PCSC_UNAVAILABLE);
	assert_int_equal(changes[0].count, 0);
	assert_string_equal(fake_journal(), "close open open watch");
}

static void a_pcscd_that_is_lost_before_it_told_anything_is_no_news(void **state)
{
	fake_answer("watch", ANSWER_PCSC_UNAVAILABLE);
	main_turn_until(taken("watch", 1));
	main_turn();
	assert_int_equal(change_count, 0);

	readers_are("C");
	fake_answer("watch", 0);
	main_turn_until(change_count == 1);
	assert_string_equal(changes[0].name, "C");
	main_turn_until(taken("watch", 2));
}

static void any_other_fault_of_pcscd_is_told_as_its_loss(void **state)
{
	fake_answer("watch", ANSWER_READER_ERROR);
	main_turn_until(change_count == 1);
	assert_int_equal(changes[0].answer, ANSWER_PCSC_UNAVAILABLE);
	main_turn_until(taken("watch", 1));
	fake_answer("watch", 0);
	main_turn_until(change_count == 2);
	assert_int_equal(changes[1].answer, 0);
	main_turn_until(taken("watch", 2));
}

static void a_pcscd_that_refuses_is_told_as_that_and_left_in_peace(void **state)
{
	fake_answer("watch", ANSWER_NOT_AUTHORIZED);
	main_turn_until(change_count == 1);
	assert_int_equal(changes[0].answer, ANSWER_NOT_AUTHORIZED);
	assert_int_equal(changes[0].count, 0);
	for (uint64_t begin = main_now(); main_now() - begin < PEACE;)
		main_turn();
	assert_string_equal(fake_journal(), "close");
	assert_int_equal(change_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_pcscd_that_is_not_there_is_told_once_however_often_it_is_tried, setup),
		cmocka_unit_test_setup(a_pcscd_that_comes_is_told_with_its_readers, setup),
		cmocka_unit_test_setup(each_change_is_told_in_order_and_as_it_was_then, setup),
		cmocka_unit_test_setup(a_pcscd_that_goes_is_told_once_and_looked_for_again, setup),
		cmocka_unit_test_setup(a_pcscd_that_is_lost_before_it_told_anything_is_no_news, setup),
		cmocka_unit_test_setup(any_other_fault_of_pcscd_is_told_as_its_loss, setup),
		cmocka_unit_test_setup(a_pcscd_that_refuses_is_told_as_that_and_left_in_peace, setup),
	};

	fake_pcsc_reset();
	return cmocka_run_group_tests_name("watcher", tests, main_setup, NULL);
}
