/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of a certificate's end, and when; and what is remembered of that. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "client/jpkid-agent/notice-book.h"

enum {
	DAY = 24 * 60 * 60,
};

/* `TZ=Asia/Tokyo date -d "2030-08-15 23:59:59" +%s`, and the first second of 2030-05-16. */
static const struct notice_dates dates = { 1913036399, 1905087600 };
static const uint64_t last_midnight = 1912950000; /* 2030-08-15 00:00:00 */

static const char id_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char id_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static struct notice_dates later(const struct notice_dates *from, uint64_t seconds)
{
	return (struct notice_dates){ from->not_after + seconds, from->renewable_from + seconds };
}

/* The same day five years later, of which one is a leap year. */
static const uint64_t five_years = (UINT64_C(5) * 365 + 1) * DAY;

static void each_stage_begins_at_a_midnight_in_japan(void **state)
{
	const struct {
		uint64_t begin;
		enum notice_stage stage;
	} rows[] = {
		{ dates.renewable_from, NOTICE_RENEWABLE },
		{ last_midnight - 30 * DAY, NOTICE_MONTH },
		{ last_midnight - 7 * DAY, NOTICE_WEEK },
		{ last_midnight - DAY, NOTICE_DAY },
		{ last_midnight + DAY, NOTICE_EXPIRED },
	};

	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		assert_int_equal(notice_stage_at(&dates, rows[i].begin), rows[i].stage);
		assert_int_equal(notice_stage_at(&dates, rows[i].begin - 1), rows[i].stage - 1);
		assert_int_equal(notice_next(&dates, rows[i].begin - 1), rows[i].begin);
		assert_int_equal(notice_next(&dates, rows[i].begin),
				 i + 1 < LENGTH_OF(rows) ? rows[i + 1].begin : UINT64_MAX);
	}
	assert_int_equal(notice_stage_at(&dates, 0), NOTICE_NONE);
	assert_int_equal(notice_stage_at(&dates, UINT64_MAX), NOTICE_EXPIRED);
}

static void a_certificate_that_renews_itself_after_its_end_is_none(void **state)
{
	static const struct notice_dates none[] = {
		{ 1913036399, 1913036400 }, { 1913036399, 0 }, { 0, 0 },
		{ 253402300800, 1905087600 }, { UINT64_MAX, 1905087600 },
	};

	for (size_t i = 0; i < LENGTH_OF(none); i++)
		assert_false(notice_dates_are_sane(&none[i]));
	assert_true(notice_dates_are_sane(&dates));
}

static void what_was_told_is_not_due_again(void **state)
{
	struct notice_book book = { 0 };
	const uint64_t now = last_midnight;

	notice_book_see(&book, id_a, &dates, now);
	assert_ptr_equal(notice_book_due(&book, now), &book.entries[0]);
	book.entries[0].told = notice_stage_at(&dates, now);
	assert_null(notice_book_due(&book, now));
	notice_book_see(&book, id_a, &dates, now);
	assert_null(notice_book_due(&book, now));
	/* Also where the clock is set back. */
	assert_null(notice_book_due(&book, now - 10 * DAY));
	assert_non_null(notice_book_due(&book, dates.not_after + 1));
}

static void the_next_time_is_that_of_the_first_certificate(void **state)
{
	struct notice_book book = { 0 };
	const struct notice_dates second = later(&dates, 3 * DAY);

	assert_int_equal(notice_book_next(&book, last_midnight), UINT64_MAX);
	notice_book_see(&book, id_a, &second, last_midnight);
	notice_book_see(&book, id_b, &dates, last_midnight);
	assert_int_equal(book.count, 2);
	assert_int_equal(notice_book_next(&book, last_midnight), dates.not_after + 1);
	assert_int_equal(notice_book_next(&book, dates.not_after + 1), last_midnight + 2 * DAY);
}

static void one_that_ends_on_the_same_birthday_replaces_the_one_before(void **state)
{
	struct notice_book book = { 0 };
	const struct notice_dates renewed = later(&dates, five_years);

	notice_book_see(&book, id_a, &dates, last_midnight);
	book.entries[0].told = NOTICE_DAY;
	notice_book_see(&book, id_b, &renewed, last_midnight);
	assert_int_equal(book.count, 1);
	assert_string_equal(book.entries[0].id, id_b);
	assert_int_equal(book.entries[0].told, NOTICE_NONE);

	/* The old card, which its holder still has. */
	notice_book_see(&book, id_a, &dates, last_midnight);
	assert_int_equal(book.count, 1);
	assert_string_equal(book.entries[0].id, id_b);
}

static void one_issued_anew_with_the_same_end_is_not_told_of_again(void **state)
{
	struct notice_book book = { 0 };

	notice_book_see(&book, id_a, &dates, last_midnight);
	book.entries[0].told = NOTICE_DAY;
	notice_book_see(&book, id_b, &dates, last_midnight);
	assert_int_equal(book.count, 1);
	assert_string_equal(book.entries[0].id, id_b);
	assert_null(notice_book_due(&book, last_midnight));
}

static void what_ended_years_ago_is_neither_noted_nor_kept(void **state)
{
	struct notice_book book = { 0 };
	const struct notice_dates recent = later(&dates, 10 * DAY);
	const uint64_t now = dates.not_after + five_years;

	notice_book_see(&book, id_a, &dates, now);
	assert_int_equal(book.count, 0);
	notice_book_see(&book, id_a, &dates, last_midnight);
	notice_book_see(&book, id_b, &recent, last_midnight);
	notice_book_tidy(&book, now);
	assert_int_equal(book.count, 1);
	assert_string_equal(book.entries[0].id, id_b);
}

/* Ends on another day of the year for each. */
static void fill(struct notice_book *book, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct notice_dates end = later(&dates, (uint64_t)i * DAY);
		char id[NOTICE_ID_SIZE];

		snprintf(id, sizeof(id), "%064x", i);
		notice_book_see(book, id, &end, last_midnight);
	}
}

static void a_full_book_forgets_what_ends_first(void **state)
{
	struct notice_book book = { 0 };
	char id[NOTICE_ID_SIZE];

	fill(&book, NOTICE_ENTRIES_MAX + 1);
	assert_int_equal(book.count, NOTICE_ENTRIES_MAX);
	snprintf(id, sizeof(id), "%064x", NOTICE_ENTRIES_MAX);
	assert_string_equal(book.entries[0].id, id);
}

static void a_book_is_read_as_it_was_written(void **state)
{
	struct notice_book book = { 0 }, again;
	char text[NOTICE_TEXT_SIZE], text_again[NOTICE_TEXT_SIZE];

	fill(&book, NOTICE_ENTRIES_MAX);
	for (unsigned int i = 0; i < NOTICE_ENTRIES_MAX; i++)
		book.entries[i].told = i % NOTICE_STAGE_COUNT;
	notice_book_format(&book, text);
	assert_int_equal(notice_book_parse(text, &again), 0);
	notice_book_format(&again, text_again);
	assert_string_equal(text, text_again);
	assert_int_equal(again.count, NOTICE_ENTRIES_MAX);
	assert_false(again.entries[0].is_fresh);
	assert_int_equal(notice_book_parse("", &again), 0);
	assert_int_equal(again.count, 0);
}

static void what_is_not_a_book_is_refused_and_changes_nothing(void **state)
{
	static const char good[] = " 1913036399 1905087600 day\n";
	static const char *const bad[] = {
		"\n", " 1913036399 1905087600 day", " 1913036399 1905087600 days\n",
		" 1913036399 1905087600 day \n",
		" 1913036399 1905087600\n", " 1913036399 1913036400 day\n",
		" 9999999999999999999999 1905087600 day\n", " -1 1905087600 day\n",
		" 1913036399 1905087600 renewables\n", "a 1913036399 1905087600 day\n",
	};
	struct notice_book book = { .count = 7 };
	char text[NOTICE_TEXT_SIZE];

	for (size_t i = 0; i < LENGTH_OF(bad); i++) {
		snprintf(text, sizeof(text), "%s%s", id_a, bad[i]);
		assert_int_equal(notice_book_parse(text, &book), -EBADMSG);
		assert_int_equal(book.count, 7);
	}
	snprintf(text, sizeof(text), "%s%s", id_a + 1, good);
	assert_int_equal(notice_book_parse(text, &book), -EBADMSG);
	snprintf(text, sizeof(text), "%s%s", id_a, good);
	assert_int_equal(notice_book_parse(text, &book), 0);
	assert_int_equal(book.entries[0].told, NOTICE_DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stage_begins_at_a_midnight_in_japan),
		cmocka_unit_test(a_certificate_that_renews_itself_after_its_end_is_none),
		cmocka_unit_test(what_was_told_is_not_due_again),
		cmocka_unit_test(the_next_time_is_that_of_the_first_certificate),
		cmocka_unit_test(one_that_ends_on_the_same_birthday_replaces_the_one_before),
		cmocka_unit_test(one_issued_anew_with_the_same_end_is_not_told_of_again),
		cmocka_unit_test(what_ended_years_ago_is_neither_noted_nor_kept),
		cmocka_unit_test(a_full_book_forgets_what_ends_first),
		cmocka_unit_test(a_book_is_read_as_it_was_written),
		cmocka_unit_test(what_is_not_a_book_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
