/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PINs that are not sent because of what went before: who waits, what the card has refused, which lease has ended. */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/attempt.h"

/* --- wrong PINs ------ */

static void after_two_wrong_pins_a_user_waits_and_nothing_is_asked_of_the_card(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
	struct script nothing = { 0 };
	const time_t before = time(NULL);

	attempt_two_wrong_pins(&guard, ALICE);
	job->uid = ALICE;
	job->allow_last_try = true;
	assert_int_equal(attempt_verify(&guard, &nothing, job), ANSWER_HELD_OFF);
	assert_in_range(job->held_until, before + MINUTE + ROUNDING, time(NULL) + MINUTE + ROUNDING);
	assert_nothing_sent(job);
}

static void one_user_s_wrong_pins_are_not_held_against_another(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	struct script right = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_AUTH, OK });

	attempt_two_wrong_pins(&guard, ALICE);
	assert_int_equal(attempt_pin(&guard, &right, "1234", BOB), 0);
}

static void a_right_pin_is_the_end_of_what_was_wrong(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();

	for (int i = 0; i < 3; i++) {
		struct script wrong = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_9991, "63 C2" });
		struct script right = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_AUTH, OK });

		assert_int_equal(attempt_pin(&guard, &wrong, "9991", ALICE), ANSWER_PIN_INCORRECT);
		assert_int_equal(attempt_pin(&guard, &right, "1234", ALICE), 0);
	}
}

static void a_pin_that_could_not_be_sent_does_not_count_as_wrong(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();

	for (int i = 0; i < 3; i++) {
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" });

		assert_int_equal(attempt_pin(&guard, &script, "", ALICE), -EINVAL);
	}
}

static void a_lost_answer_counts_as_wrong(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	struct script lost = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, .result = ANSWER_READER_ERROR });
	struct script nothing = { 0 };

	assert_int_equal(attempt_pin(&guard, &lost, "1234", ALICE), ANSWER_OUTCOME_UNKNOWN);
	lost.sent = 0;
	assert_int_equal(attempt_pin(&guard, &lost, "1234", ALICE), ANSWER_OUTCOME_UNKNOWN);
	assert_int_equal(attempt_pin(&guard, &nothing, "1234", ALICE), ANSWER_HELD_OFF);
}

static void without_a_ledger_no_pin_is_sent(void **state)
{
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
	struct guard guard = GUARD_INIT(-ENOENT);
	struct script none = { 0 };
	struct jpki jpki = JPKI_INIT(script_channel(&none));

	assert_int_equal(guard_verify(&guard, &jpki, job), -ENOENT);
	assert_nothing_sent(job);
}

static void a_ledger_that_cannot_be_written_keeps_the_pin_back(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" });

	/* Without a page for this card reading is no use of the directory that is gone; writing is. */
	assert_int_equal(rmdir(state_path), 0);
	assert_true(attempt_verify(&guard, &script, job) < 0);
	assert_int_equal(job->state, JOB_CLAIMED);
	assert_int_equal(mkdir(state_path, 0700), 0);
}

/* --- what the card has just refused ------ */

static void the_pin_that_the_card_has_just_refused_is_not_sent_again(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
	struct script refused = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, "63 C2" });
	struct script again = SCRIPT({ QUERY_AUTH, "63 C2" });
	struct script spent_by_others = SCRIPT({ QUERY_AUTH, "63 C1" });

	assert_int_equal(attempt_pin(&guard, &refused, "1234", ALICE), ANSWER_PIN_INCORRECT);
	assert_int_equal(attempt_pin(&guard, &again, "1234", ALICE), ANSWER_PIN_INCORRECT);
	assert_int_equal(attempt_verify(&guard, &spent_by_others, job), ANSWER_PIN_INCORRECT);
	assert_tries(job, 1);
	assert_nothing_sent(job);
}

static void the_pin_that_locked_the_card_is_answered_as_locked(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *last = attempt_job(JPKI_AUTH), *again = attempt_job(JPKI_AUTH);
	struct script refused = SCRIPT({ QUERY_AUTH, "63 C1" }, { VERIFY_AUTH, "63 C0" });
	struct script locked = SCRIPT({ QUERY_AUTH, "63 C0" });

	last->allow_last_try = true;
	assert_int_equal(attempt_verify(&guard, &refused, last), ANSWER_PIN_LOCKED);
	assert_int_equal(attempt_verify(&guard, &locked, again), ANSWER_PIN_LOCKED);
	assert_tries(again, 0);
}

static void what_was_refused_is_forgotten_with_the_insertion_and_after_a_right_pin(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	struct script refused = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_9991, "63 C2" });
	struct script right = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_AUTH, OK });
	struct script asked = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_9991, OK });

	assert_int_equal(attempt_pin(&guard, &refused, "9991", ALICE), ANSWER_PIN_INCORRECT);
	assert_int_equal(attempt_pin(&guard, &right, "1234", ALICE), 0);
	assert_int_equal(attempt_pin(&guard, &asked, "9991", ALICE), 0);

	refused.sent = asked.sent = 0;
	assert_int_equal(attempt_pin(&guard, &refused, "9991", ALICE), ANSWER_PIN_INCORRECT);
	guard_clear(&guard);
	assert_int_equal(attempt_pin(&guard, &asked, "9991", ALICE), 0);
}

/* --- leases ------ */

static int use_lease(struct guard *guard, struct script *script, unsigned int pin_number)
{
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);

	job->uid = ALICE;
	job->from_lease = true;
	job->pin_number = pin_number;
	return attempt_verify(guard, script, job);
}

static void the_pin_of_a_lease_is_not_sent_when_another_one_has_been_set(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *change = attempt_job(JPKI_AUTH), *reset = attempt_job(JPKI_AUTH);
	struct script right = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK });
	struct script changed = SCRIPT({ SELECT_AUTH_PIN, OK }, { CHANGE_TO_5678, OK },
				       { QUERY_AUTH, "63 C3" });
	struct script code = SCRIPT({ "00 2C 00 98", "63 CA" }, { "00 2C 00 98 08 31 32 33 34 35 36 37 38", OK },
				    { QUERY_AUTH, "63 C3" });
	struct script nothing = { 0 };
	struct jpki jpki = JPKI_INIT(script_channel(&changed));

	assert_int_equal(use_lease(&guard, &right, 0), 0);
	change->new_pin = script_secret("5678");
	assert_int_equal(guard_change(&guard, &jpki, change), 0);
	script_assert_done(&changed);
	assert_int_equal(use_lease(&guard, &nothing, 0), ANSWER_PIN_REQUIRED);

	jpki.channel = script_channel(&code);
	reset->kind = JOB_RESET_PIN;
	reset->new_pin = script_secret("5678");
	assert_int_equal(guard_reset(&guard, &jpki, reset), 0);
	script_assert_done(&code);
	assert_int_equal(use_lease(&guard, &nothing, 1), ANSWER_PIN_REQUIRED);
}

static void what_the_card_refuses_from_one_lease_is_sent_from_no_other(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	struct script refused = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, "63 C2" });
	struct script other = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_9991, "63 C2" });
	struct script nothing = { 0 };

	assert_int_equal(use_lease(&guard, &refused, 0), ANSWER_PIN_INCORRECT);
	assert_int_equal(attempt_pin(&guard, &other, "9991", BOB), ANSWER_PIN_INCORRECT);
	assert_int_equal(use_lease(&guard, &nothing, 0), ANSWER_PIN_REQUIRED);
}

static void a_lease_in_use_buys_no_guesses(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	struct script right = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK });
	struct script first = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_9991, "63 C2" });
	struct script second = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_9992, "63 C2" });
	struct script nothing = { 0 };

	assert_int_equal(attempt_pin(&guard, &first, "9991", ALICE), ANSWER_PIN_INCORRECT);
	assert_int_equal(use_lease(&guard, &right, 0), 0);
	assert_int_equal(attempt_pin(&guard, &second, "9992", ALICE), ANSWER_PIN_INCORRECT);
	assert_int_equal(attempt_pin(&guard, &nothing, "9993", ALICE), ANSWER_HELD_OFF);
}

/* --- which card it is ------ */

static void before_the_first_pin_the_card_is_told_by_its_auth_certificate(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_SIGN);
	struct script script = SCRIPT({ READ_AUTH, "30 02 05 00 90 00" }, { QUERY_SIGN, "63 C5" },
				      { VERIFY_SIGN, OK });
	static const uint8_t der[] = { 0x30, 0x02, 0x05, 0x00 };
	uint8_t digest[DIGEST_LENGTH];

	guard.knows_card = false;
	assert_int_equal(attempt_verify(&guard, &script, job), 0);
	assert_true(guard.knows_card);
	digest_sha256(der, sizeof(der), digest);
	assert_memory_equal(guard.ledger.card, digest, sizeof(digest));
	assert_null(job->certificate.bytes);
}

static void where_that_needs_a_pin_by_the_certificate_of_its_issuer(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
	struct script script = SCRIPT({ READ_AUTH, "69 82" }, { READ_AUTH_ISSUER, "30 02 05 00 90 00" },
				      { QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK });

	guard.knows_card = false;
	assert_int_equal(attempt_verify(&guard, &script, job), 0);
}

static void a_card_that_cannot_be_told_now_gets_no_pin(void **state)
{
	CLEANUP(guard_clear) struct guard guard = attempt_guard();
	CLEANUP(job_freep) struct job *job = attempt_job(JPKI_AUTH);
	struct script script = SCRIPT({ READ_AUTH, .result = ANSWER_READER_ERROR });

	guard.knows_card = false;
	assert_int_equal(attempt_verify(&guard, &script, job), ANSWER_READER_ERROR);
	assert_nothing_sent(job);
	assert_false(guard.knows_card);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_two_wrong_pins_a_user_waits_and_nothing_is_asked_of_the_card),
		TEST(one_user_s_wrong_pins_are_not_held_against_another),
		TEST(a_right_pin_is_the_end_of_what_was_wrong),
		TEST(a_pin_that_could_not_be_sent_does_not_count_as_wrong),
		TEST(a_lost_answer_counts_as_wrong),
		TEST(without_a_ledger_no_pin_is_sent),
		TEST(a_ledger_that_cannot_be_written_keeps_the_pin_back),
		TEST(the_pin_that_the_card_has_just_refused_is_not_sent_again),
		TEST(the_pin_that_locked_the_card_is_answered_as_locked),
		TEST(what_was_refused_is_forgotten_with_the_insertion_and_after_a_right_pin),
		TEST(the_pin_of_a_lease_is_not_sent_when_another_one_has_been_set),
		TEST(what_the_card_refuses_from_one_lease_is_sent_from_no_other),
		TEST(a_lease_in_use_buys_no_guesses),
		TEST(before_the_first_pin_the_card_is_told_by_its_auth_certificate),
		TEST(where_that_needs_a_pin_by_the_certificate_of_its_issuer),
		TEST(a_card_that_cannot_be_told_now_gets_no_pin),
	};

	return cmocka_run_group_tests_name("guard-ledger", tests, NULL, NULL);
}
