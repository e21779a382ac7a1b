/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How readers are watched: what is seen of them, and that nothing is missed nor told twice. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/context.h"

enum {
	EMPTY = SCARD_STATE_EMPTY,
	PRESENT = SCARD_STATE_PRESENT,
	ONE_EVENT = 1 << 16,
};

static struct pcsc_readers readers; /* as the last watch saw them */

static int set_up(void **state)
{
	readers = (struct pcsc_readers){ 0 };
	return context_set_up(state);
}

static void begin_again(void **state)
{
	context_tear_down(state);
	set_up(state);
}

static void watch(void **state)
{
	const struct context *context = *state;

	assert_int_equal(pcsc_watch(context->pcsc, &readers), 0);
}

/* Sees what there is; the journal begins behind that. */
static void watch_first(void **state)
{
	watch(state);
	fake_reset();
}

static void nothing_happens(void)
{
}

static void plug_a(void)
{
	fake_plug("A", EMPTY);
}

static void plug_b(void)
{
	fake_plug("B", PRESENT | ONE_EVENT);
}

static void unplug_a(void)
{
	fake_unplug("A");
}

static void unplug_b(void)
{
	fake_unplug("B");
}

static void insert_card(void)
{
	fake_set_state("A", PRESENT | ONE_EVENT);
}

static void remove_card(void)
{
	fake_set_state("A", EMPTY | 2 * ONE_EVENT);
}

static void take_exclusively(void)
{
	fake_set_state("A", PRESENT | ONE_EVENT | SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE);
}

/* --- readers ------ */

static void the_first_watch_tells_what_there_is_without_waiting(void **state)
{
	fake_plug("A", EMPTY);
	fake_plug("B", PRESENT | 3 * ONE_EVENT);
	watch(state);
	assert_string_equal(fake_journal(), "ListReaders GetStatusChange(1000:A=0,B=0,PnP=0)");
	assert_int_equal(readers.count, 2);
	assert_string_equal(readers.reader[0].name, "A");
	assert_false(readers.reader[0].present);
	assert_string_equal(readers.reader[1].name, "B");
	assert_true(readers.reader[1].present);
	assert_int_equal(readers.reader[1].events, 3);
}

static void what_is_seen_of_a_reader_is_what_pcscd_says(void **state)
{
	static const struct {
		DWORD word;
		bool present, mute, unavailable;
	} cases[] = {
		{ SCARD_STATE_EMPTY, false, false, false },
		{ SCARD_STATE_PRESENT, true, false, false },
		{ SCARD_STATE_PRESENT | SCARD_STATE_INUSE, true, false, false },
		{ SCARD_STATE_PRESENT | SCARD_STATE_UNPOWERED, true, false, false },
		{ SCARD_STATE_PRESENT | SCARD_STATE_MUTE, true, true, false },
		{ SCARD_STATE_UNAVAILABLE, false, false, true },
		{ SCARD_STATE_UNKNOWN, false, false, true },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		begin_again(state);
		fake_plug("A", cases[i].word);
		watch_first(state);
		assert_int_equal(readers.reader[0].present, cases[i].present);
		assert_int_equal(readers.reader[0].mute, cases[i].mute);
		assert_int_equal(readers.reader[0].unavailable, cases[i].unavailable);
	}
}

static void no_reader_at_the_start_is_told_once_and_then_waited_for(void **state)
{
	static void (*const waits[])(void) = { nothing_happens, nothing_happens, plug_a, NULL };

	watch(state);
	assert_int_equal(readers.count, 0);
	assert_string_equal(fake_journal(), "ListReaders");

	fake_reset();
	fake_pcscd.waits = waits;
	watch(state);
	assert_int_equal(readers.count, 1);
	assert_string_equal(fake_journal(), "ListReaders GetStatusChange(1000:PnP=0) "
					    "ListReaders GetStatusChange(600000:PnP=0) "
					    "ListReaders GetStatusChange(600000:PnP=0) "
					    "ListReaders GetStatusChange(1000:A=0,PnP=0)");
}

static void a_new_reader_is_told_with_its_card(void **state)
{
	static void (*const waits[])(void) = { plug_b, NULL };

	fake_plug("A", EMPTY);
	watch_first(state);
	fake_pcscd.waits = waits;
	watch(state);
	assert_int_equal(readers.count, 2);
	assert_string_equal(readers.reader[1].name, "B");
	assert_true(readers.reader[1].present);
}

static void a_reader_that_is_unplugged_becomes_unavailable_and_is_then_gone(void **state)
{
	static void (*const waits[])(void) = { unplug_a, nothing_happens, NULL };

	fake_plug("A", EMPTY);
	fake_plug("B", EMPTY);
	watch_first(state);
	fake_pcscd.waits = waits;
	watch(state);
	assert_int_equal(readers.count, 2);
	assert_true(readers.reader[0].unavailable);
	watch(state);
	assert_int_equal(readers.count, 1);
	assert_string_equal(readers.reader[0].name, "B");
}

static void a_reader_that_was_swapped_unseen_is_found_when_the_wait_ends(void **state)
{
	static void (*const waits[])(void) = { nothing_happens, NULL };

	fake_plug("A", EMPTY);
	watch_first(state);
	unplug_a();
	plug_b();
	fake_pcscd.waits = waits;
	watch(state);
	assert_int_equal(readers.count, 1);
	assert_string_equal(readers.reader[0].name, "B");
}

static void the_count_of_plug_events_is_fed_back(void **state)
{
	static void (*const waits[])(void) = { plug_b, nothing_happens, plug_a, NULL };

	fake_pcscd.counts_plugs = true;
	fake_pcscd.waits = waits;
	watch(state);
	watch(state);
	assert_int_equal(readers.count, 1);
	assert_string_equal(fake_journal(), "ListReaders ListReaders GetStatusChange(1000:PnP=0) "
					    "ListReaders GetStatusChange(1000:B=0,PnP=10000)");
	watch(state);
	assert_int_equal(readers.count, 2);
}

static void a_reader_that_goes_between_list_and_wait_makes_it_list_again(void **state)
{
	fake_plug("A", EMPTY);
	fake_plug("B", EMPTY);
	watch_first(state);
	fake_pcscd.race = unplug_b;
	fake_pcscd.waits = (void (*const[])(void)){ nothing_happens, NULL };
	watch(state);
	assert_int_equal(readers.count, 1);
	assert_string_equal(readers.reader[0].name, "A");
	assert_string_equal(fake_journal(), "ListReaders GetStatusChange(1000:A=10,B=10,PnP=0) "
					    "ListReaders GetStatusChange(1000:A=10,PnP=0)");
}

static void the_only_reader_going_in_the_first_watch_leaves_none_and_that_is_told_at_once(void **state)
{
	fake_plug("A", EMPTY);
	fake_pcscd.race = unplug_a;
	watch(state);
	assert_int_equal(readers.count, 0);
}

static void each_code_becomes_its_answer_when_readers_are_watched(void **state)
{
	const struct context *context = *state;

	fake_plug("A", EMPTY);
	watch_first(state);
	for (size_t i = 0; i < CONTEXT_ROWS; i++) {
		fake_answer("ListReaders", context_rows[i].code);
		assert_int_equal(pcsc_watch(context->pcsc, &readers), context_rows[i].answer);
		if (context_rows[i].code == SCARD_E_UNKNOWN_READER)
			continue; /* it has a test of its own */
		fake_answer("GetStatusChange", context_rows[i].code);
		assert_int_equal(pcsc_watch(context->pcsc, &readers), context_rows[i].answer);
	}
	assert_int_equal(readers.count, 1);
}

/* --- cards ------ */

static void cards_coming_and_going_are_told(void **state)
{
	static void (*const waits[])(void) = { insert_card, remove_card, NULL };

	fake_plug("A", EMPTY);
	watch_first(state);
	fake_pcscd.waits = waits;
	watch(state);
	assert_true(readers.reader[0].present);
	assert_int_equal(readers.reader[0].events, 1);
	watch(state);
	assert_false(readers.reader[0].present);
	assert_int_equal(readers.reader[0].events, 2);
}

static void another_card_put_in_between_two_watches_shows_in_the_events(void **state)
{
	fake_plug("A", PRESENT | ONE_EVENT);
	watch_first(state);
	fake_set_state("A", PRESENT | 3 * ONE_EVENT);
	watch(state);
	assert_true(readers.reader[0].present);
	assert_int_equal(readers.reader[0].events, 3);
}

static void another_program_taking_the_card_is_told_once_and_the_next_watch_waits(void **state)
{
	static void (*const waits[])(void) = { take_exclusively, nothing_happens, nothing_happens, insert_card, NULL };

	fake_plug("A", PRESENT | ONE_EVENT);
	watch_first(state);
	fake_pcscd.waits = waits;
	watch(state);
	assert_true(readers.reader[0].present);
	watch(state);
	assert_string_equal(fake_journal(), "ListReaders GetStatusChange(1000:A=10020,PnP=0) "
					    "ListReaders GetStatusChange(1000:A=101A0,PnP=0) "
					    "ListReaders GetStatusChange(600000:A=101A0,PnP=0) "
					    "ListReaders GetStatusChange(600000:A=101A0,PnP=0)");
}

/* --- as many and as long as PC/SC has them ------ */

static void plug_many(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[FAKE_NAME_SIZE];

		snprintf(name, sizeof(name), "R%02zu", i);
		fake_plug(name, EMPTY);
	}
}

static void sixteen_readers_are_watched_without_the_plug_and_play_entry(void **state)
{
	plug_many(PCSC_READERS_MAX - 1);
	watch_first(state);
	assert_int_equal(readers.count, PCSC_READERS_MAX - 1);

	begin_again(state);
	plug_many(PCSC_READERS_MAX);
	watch_first(state);
	assert_int_equal(readers.count, PCSC_READERS_MAX);
	assert_string_equal(readers.reader[PCSC_READERS_MAX - 1].name, "R15");
}

static void of_more_readers_the_first_sixteen_are_used(void **state)
{
	plug_many(PCSC_READERS_MAX + 1);
	watch_first(state);
	assert_int_equal(readers.count, PCSC_READERS_MAX);
	assert_string_equal(readers.reader[PCSC_READERS_MAX - 1].name, "R15");
}

static void a_name_as_long_as_pcsc_allows_is_used_and_a_longer_one_is_not(void **state)
{
	char name[PCSC_NAME_SIZE + 1];

	memset(name, 'x', sizeof(name));
	name[PCSC_NAME_SIZE] = '\0';
	fake_plug("A", EMPTY);
	fake_plug(name + 1, EMPTY);
	fake_plug(name, EMPTY);
	watch_first(state);
	assert_int_equal(readers.count, 2);
	assert_string_equal(readers.reader[0].name, "A");
	assert_string_equal(readers.reader[1].name, name + 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, context_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_watch_tells_what_there_is_without_waiting),
		TEST(what_is_seen_of_a_reader_is_what_pcscd_says),
		TEST(no_reader_at_the_start_is_told_once_and_then_waited_for),
		TEST(a_new_reader_is_told_with_its_card),
		TEST(a_reader_that_is_unplugged_becomes_unavailable_and_is_then_gone),
		TEST(a_reader_that_was_swapped_unseen_is_found_when_the_wait_ends),
		TEST(the_count_of_plug_events_is_fed_back),
		TEST(a_reader_that_goes_between_list_and_wait_makes_it_list_again),
		TEST(the_only_reader_going_in_the_first_watch_leaves_none_and_that_is_told_at_once),
		TEST(each_code_becomes_its_answer_when_readers_are_watched),
		TEST(cards_coming_and_going_are_told),
		TEST(another_card_put_in_between_two_watches_shows_in_the_events),
		TEST(another_program_taking_the_card_is_told_once_and_the_next_watch_waits),
		TEST(sixteen_readers_are_watched_without_the_plug_and_play_entry),
		TEST(of_more_readers_the_first_sixteen_are_used),
		TEST(a_name_as_long_as_pcsc_allows_is_used_and_a_longer_one_is_not),
	};

	return cmocka_run_group_tests_name("pcsc-watch", tests, NULL, NULL);
}
