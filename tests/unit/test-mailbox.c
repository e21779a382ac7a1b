/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mail comes in order, all of it, and in the main thread only. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake-main.h"

enum {
	THREADS = 4,
	LETTERS = 2000, /* of each thread */
};

struct letter {
	struct mail mail;
	int sender, number;
};

static struct letter letters[THREADS][LETTERS];
static int next_number[THREADS];
static int delivered;
static int wrong_thread;
static pthread_t main_thread;

static void deliver(struct mail *mail)
{
	const struct letter *letter = (struct letter *)mail;

	assert_int_equal(letter->number, next_number[letter->sender]++);
	wrong_thread += !pthread_equal(pthread_self(), main_thread);
	delivered++;
}

static int setup(void **state)
{
	memset(next_number, 0, sizeof(next_number));
	delivered = wrong_thread = 0;
	main_thread = pthread_self();
	for (int sender = 0; sender < THREADS; sender++)
		for (int number = 0; number < LETTERS; number++)
			letters[sender][number] = (struct letter){ { .deliver = deliver }, sender, number };
	return 0;
}

static void *post_all(void *userdata)
{
	struct letter *own = userdata;

	for (int i = 0; i < LETTERS; i++)
		mailbox_post(main_mailbox, &own[i].mail);
	return NULL;
}

static void mail_is_delivered_in_the_order_in_which_it_was_posted(void **state)
{
	post_all(letters[0]);
	main_turn_until(delivered == LETTERS);
}

static void posting_delivers_nothing_before_the_loop_turns(void **state)
{
	mailbox_post(main_mailbox, &letters[0][0].mail);
	assert_int_equal(delivered, 0);
	main_turn_until(delivered == 1);
	main_turn();
	assert_int_equal(delivered, 1);
}

static void mail_of_several_threads_comes_all_in_each_ones_order_and_in_the_main_thread(void **state)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post_all, letters[i]), 0);
	main_turn_until(delivered == THREADS * LETTERS);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong_thread, 0);
}

static void deliver_and_post_next(struct mail *mail)
{
	struct letter *letter = (struct letter *)mail;

	if (letter->number + 1 < LETTERS)
		mailbox_post(main_mailbox, &letter[1].mail);
	deliver(mail);
}

static void mail_may_be_posted_while_mail_is_delivered(void **state)
{
	for (int i = 0; i < LETTERS; i++)
		letters[0][i].mail.deliver = deliver_and_post_next;
	mailbox_post(main_mailbox, &letters[0][0].mail);
	mailbox_post(main_mailbox, &letters[1][0].mail);
	main_turn();
	/* What was there comes before what has been added. */
	assert_int_equal(delivered, 2);
	main_turn_until(delivered == LETTERS + 1);
}

static void deliver_and_free(struct mail *mail)
{
	free(mail);
	delivered++;
}

static void what_the_mail_is_in_may_be_freed_when_it_is_delivered(void **state)
{
	for (int i = 0; i < 3; i++) {
		struct letter *letter = calloc(1, sizeof(*letter));

		assert_non_null(letter);
		letter->mail.deliver = deliver_and_free;
		mailbox_post(main_mailbox, &letter->mail);
	}
	main_turn_until(delivered == 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(mail_is_delivered_in_the_order_in_which_it_was_posted, setup),
		cmocka_unit_test_setup(posting_delivers_nothing_before_the_loop_turns, setup),
		cmocka_unit_test_setup(mail_of_several_threads_comes_all_in_each_ones_order_and_in_the_main_thread, setup),
		cmocka_unit_test_setup(mail_may_be_posted_while_mail_is_delivered, setup),
		cmocka_unit_test_setup(what_the_mail_is_in_may_be_freed_when_it_is_delivered, setup),
	};

	return cmocka_run_group_tests_name("mailbox", tests, main_setup, NULL);
}
