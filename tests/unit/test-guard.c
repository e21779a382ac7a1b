/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a PIN or a reset code is sent, and what is known of the tries afterwards. A command that is not in a script is a
 * failure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/guard.h"
#include "tests/unit/script.h"
#include "tests/unit/state.h"

#define OK "90 00"
#define SELECT_AP "00 A4 04 0C 0A D3 92 F0 00 26 01 00 00 00 01"
#define SELECT_ISD "00 A4 04 0C 07 A0 00 00 01 51 00 00"
#define SELECT_TEXT_AP "00 A4 04 0C 0A D3 92 10 00 31 00 01 01 04 08"
#define QUERY_AUTH "00 20 00 98"
#define QUERY_SIGN "00 20 00 9B"
#define VERIFY_AUTH "00 20 00 98 04 31 32 33 34"
#define VERIFY_SIGN "00 20 00 9B 06 41 42 43 31 32 33"

/* Of a card that it knows already, and of which nobody has got a PIN wrong. */
static struct guard new_guard(void)
{
	static uint8_t cards;
	struct guard guard = GUARD_INIT(state_ledger.directory);

	guard.ledger.card[0] = ++cards;
	guard.knows_card = true;
	return guard;
}

static struct job *verify_job(enum jpki_applet applet)
{
	struct job *job = job_new(JOB_VERIFY_PIN, applet, ":1.1", &state_rules);

	assert_non_null(job);
	job->pin = script_secret(applet == JPKI_AUTH ? "1234" : "ABC123");
	assert_true(job_claim(job));
	return job;
}

static int verify_at(struct guard *guard, struct script *script, struct job *job)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	int answer = guard_verify(guard, &jpki, job);

	script_assert_done(script);
	return answer;
}

/* Nothing went before. */
static int verify(struct script *script, struct job *job)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();

	return verify_at(&guard, script, job);
}

static int verify_pin(struct guard *guard, struct script *script, const char *pin, uid_t uid)
{
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

	secret_free(job->pin);
	job->pin = script_secret(pin);
	job->uid = uid;
	return verify_at(guard, script, job);
}

static int read_tries(struct script *script, struct job *job)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	int answer = guard_read_tries(&jpki, job);

	script_assert_done(script);
	return answer;
}

static void assert_tries(const struct job *job, int tries)
{
	assert_true(job->has_tries);
	assert_int_equal(job->tries, tries);
}

static void assert_nothing_sent(const struct job *job)
{
	assert_non_null(job->pin);
	assert_int_equal(job->state, JOB_CLAIMED);
}

static void a_locked_pin_gets_no_verify_whatever_the_card_says_it_with(void **state)
{
	static const char *const locked[] = { "63 C0", "69 83", "69 84" };

	for (size_t i = 0; i < LENGTH_OF(locked); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, locked[i] });
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

		job->allow_last_try = true;
		assert_int_equal(verify(&script, job), ANSWER_PIN_LOCKED);
		assert_nothing_sent(job);
		assert_false(job->may_be_open);
		assert_tries(job, 0);
	}
}

static void no_verify_is_sent_where_the_caller_expected_other_tries(void **state)
{
	static const uint32_t expected[] = { 0, 1, 2, 4, 0x80000003, UINT32_MAX };

	for (size_t i = 0; i < LENGTH_OF(expected); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" });
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

		job->has_expected_tries = true;
		job->expected_tries = expected[i];
		assert_int_equal(verify(&script, job), ANSWER_TRIES_CHANGED);
		assert_nothing_sent(job);
		assert_tries(job, 3);
	}
}

static void consent_to_the_last_try_does_not_count_where_more_were_expected(void **state)
{
	struct script script = SCRIPT({ QUERY_AUTH, "63 C1" });
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

	job->allow_last_try = true;
	job->has_expected_tries = true;
	job->expected_tries = 2;
	assert_int_equal(verify(&script, job), ANSWER_TRIES_CHANGED);
	assert_nothing_sent(job);
}

static void the_last_try_is_not_spent_without_consent(void **state)
{
	struct script auth = SCRIPT({ QUERY_AUTH, "63 C1" });
	struct script sign = SCRIPT({ QUERY_SIGN, "63 C1" });
	CLEANUP(job_freep) struct job *auth_job = verify_job(JPKI_AUTH);
	CLEANUP(job_freep) struct job *sign_job = verify_job(JPKI_SIGN);

	assert_int_equal(verify(&auth, auth_job), ANSWER_LAST_TRY);
	assert_nothing_sent(auth_job);
	assert_tries(auth_job, 1);

	sign_job->has_expected_tries = true;
	sign_job->expected_tries = 1;
	assert_int_equal(verify(&sign, sign_job), ANSWER_LAST_TRY);
	assert_nothing_sent(sign_job);
	assert_tries(sign_job, 1);
}

static void what_the_administrator_reserves_is_not_spent_without_consent(void **state)
{
	for (unsigned int reserve = 1; reserve <= 4; reserve++)
		for (unsigned int tries = 1; tries <= 5; tries++) {
			char counter[] = "63 C0";
			struct script script = SCRIPT({ QUERY_SIGN, counter }, { VERIFY_SIGN, OK });
			CLEANUP(job_freep) struct job *job = verify_job(JPKI_SIGN);

			counter[4] = (char)('0' + tries);
			job->rules.reserve = reserve;
			job->allow_last_try = false;
			if (tries <= reserve)
				script.count = 1;
			assert_int_equal(verify(&script, job),
					 tries <= reserve ? ANSWER_LAST_TRY : 0);
		}
}

static void with_consent_the_last_try_goes(void **state)
{
	struct script script = SCRIPT({ QUERY_AUTH, "63 C1" }, { VERIFY_AUTH, OK });
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

	job->allow_last_try = true;
	job->has_expected_tries = true;
	job->expected_tries = 1;
	assert_int_equal(verify(&script, job), 0);
	assert_true(job->may_be_open);
	assert_tries(job, 3);
}

static void a_card_that_hides_its_counter_is_cleared_and_asked_again(void **state)
{
	static const char *const hidden[] = { OK, "63 00" };

	for (size_t i = 0; i < LENGTH_OF(hidden); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, hidden[i] }, { SELECT_ISD, OK }, { SELECT_AP, OK },
					      { QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK });
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

		assert_int_equal(verify(&script, job), 0);
		assert_tries(job, 3);
	}
}

static void what_was_hidden_counts_like_any_counter(void **state)
{
	struct script last = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK }, { QUERY_AUTH, "63 C1" });
	struct script locked = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK }, { QUERY_AUTH, "69 84" });
	CLEANUP(job_freep) struct job *last_job = verify_job(JPKI_AUTH);
	CLEANUP(job_freep) struct job *locked_job = verify_job(JPKI_AUTH);

	assert_int_equal(verify(&last, last_job), ANSWER_LAST_TRY);
	assert_int_equal(verify(&locked, locked_job), ANSWER_PIN_LOCKED);
	assert_nothing_sent(last_job);
	assert_nothing_sent(locked_job);
	assert_true(last_job->may_be_open);
}

static void a_card_that_never_tells_its_counter_gets_no_verify(void **state)
{
	struct script silent = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK }, { QUERY_AUTH, OK });
	struct script cannot_clear =
		SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, "6A 82" }, { SELECT_TEXT_AP, "6A 82" });
	struct script strange = SCRIPT({ QUERY_AUTH, "6F 00" });
	struct script *const scripts[] = { &silent, &cannot_clear, &strange };

	for (size_t i = 0; i < LENGTH_OF(scripts); i++) {
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

		job->allow_last_try = true;
		assert_int_equal(verify(scripts[i], job), ANSWER_CARD_ERROR);
		assert_nothing_sent(job);
		assert_false(job->has_tries);
		assert_int_equal(job->may_be_open, scripts[i] != &strange);
	}
}

static void a_fault_before_verify_is_passed_on_and_leaves_no_doubt(void **state)
{
	struct script at_query = SCRIPT({ QUERY_AUTH, .result = ANSWER_READER_ERROR });
	struct script at_clear = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, .result = ANSWER_READER_ERROR });
	struct script at_select =
		SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, .result = ANSWER_READER_ERROR });
	struct script at_second_query = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK },
					       { QUERY_AUTH, .result = ANSWER_READER_ERROR });
	struct script *const scripts[] = { &at_query, &at_clear, &at_select, &at_second_query };

	for (size_t i = 0; i < LENGTH_OF(scripts); i++) {
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

		assert_int_equal(verify(scripts[i], job), ANSWER_READER_ERROR);
		assert_nothing_sent(job);
		assert_false(job->has_tries);
	}
}

static void a_right_pin_fills_the_counter(void **state)
{
	struct script auth = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_AUTH, OK });
	struct script sign = SCRIPT({ QUERY_SIGN, "63 C2" }, { VERIFY_SIGN, OK });
	CLEANUP(job_freep) struct job *auth_job = verify_job(JPKI_AUTH);
	CLEANUP(job_freep) struct job *sign_job = verify_job(JPKI_SIGN);

	assert_int_equal(verify(&auth, auth_job), 0);
	assert_int_equal(verify(&sign, sign_job), 0);
	assert_tries(auth_job, 3);
	assert_tries(sign_job, 5);
	assert_true(auth_job->may_be_open);
	assert_int_equal(auth_job->state, JOB_CLAIMED);
}

/* What a VERIFY with three tries left comes to. */
static const struct outcome {
	const char *answer; /* NULL: lost */
	int result;
	bool has_tries;
	int tries;
} outcomes[] = {
	{ OK, 0, true, 3 },
	{ "63 C2", ANSWER_PIN_INCORRECT, true, 2 },
	{ "63 C0", ANSWER_PIN_LOCKED, true, 0 },
	{ "69 83", ANSWER_PIN_LOCKED, true, 0 },
	{ "69 84", ANSWER_PIN_LOCKED, true, 0 },
	{ "63 00", ANSWER_PIN_INCORRECT, true, 2 },
	{ "63 C9", ANSWER_PIN_INCORRECT, true, 2 },
	{ "67 00", ANSWER_CARD_ERROR, false, 0 },
	{ "6A 86", ANSWER_CARD_ERROR, false, 0 },
	{ "6F 00", ANSWER_OUTCOME_UNKNOWN, false, 0 },
	{ "64 00", ANSWER_OUTCOME_UNKNOWN, false, 0 },
	{ NULL, ANSWER_OUTCOME_UNKNOWN, false, 0 },
};

static void each_outcome_of_a_verify_tells_what_is_known_of_the_tries(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(outcomes); i++) {
		const struct outcome *outcome = &outcomes[i];
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" },
					      { VERIFY_AUTH, outcome->answer, .result = ANSWER_READER_ERROR });
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

		assert_int_equal(verify(&script, job), outcome->result);
		assert_true(job->may_be_open);
		assert_int_equal(job->has_tries, outcome->has_tries);
		if (outcome->has_tries)
			assert_int_equal(job->tries, outcome->tries);
		assert_int_equal(job->state, outcome->result == ANSWER_OUTCOME_UNKNOWN ? JOB_VERIFYING : JOB_CLAIMED);
	}
}

static void after_one_verify_the_pin_is_gone_whatever_came_of_it(void **state)
{
	static const uint8_t wiped[4];

	for (size_t i = 0; i < LENGTH_OF(outcomes); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" },
					      { VERIFY_AUTH, outcomes[i].answer, .result = ANSWER_CARD_REMOVED });
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
		const uint8_t *pin = job->pin->bytes; /* in the pool of secrets, which stays mapped */

		assert_memory_equal(pin, "1234", 4);
		verify(&script, job);
		assert_null(job->pin);
		assert_memory_equal(pin, wiped, sizeof(wiped));
	}
}

struct witness {
	const struct job *job;
	bool saw_verify;
};

static int transmit_to_witness(void *reader, const uint8_t *command, size_t command_length, uint8_t *response,
			       size_t *response_length)
{
	struct witness *witness = reader;
	const bool is_verify = command_length > 4;

	assert_int_equal(witness->job->state, is_verify ? JOB_VERIFYING : JOB_CLAIMED);
	witness->saw_verify |= is_verify;
	*response_length = script_bytes(is_verify ? "63 C2" : "63 C3", response, *response_length);
	return 0;
}

static void while_a_verify_is_out_the_job_says_so(void **state)
{
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
	struct witness witness = { .job = job };
	struct jpki jpki = JPKI_INIT(((struct channel){ .transmit = transmit_to_witness, .reader = &witness }));
	CLEANUP(guard_clear) struct guard guard = new_guard();

	assert_int_equal(guard_verify(&guard, &jpki, job), ANSWER_PIN_INCORRECT);
	assert_true(witness.saw_verify);
	assert_int_equal(job->state, JOB_CLAIMED);
}

static void a_job_that_was_given_up_gets_no_verify(void **state)
{
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" });
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

	job_give_up(job);
	assert_int_equal(verify(&script, job), ANSWER_CANCELLED);
	assert_false(job->may_be_open);
}

static void reading_the_tries_sends_no_verify(void **state)
{
	struct script open = SCRIPT({ QUERY_SIGN, "63 C5" });
	struct script last = SCRIPT({ QUERY_SIGN, "63 C1" });
	struct script locked = SCRIPT({ QUERY_SIGN, "69 83" });
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_SIGN);

	assert_int_equal(read_tries(&open, job), 0);
	assert_tries(job, 5);
	assert_int_equal(read_tries(&last, job), 0);
	assert_tries(job, 1);
	assert_int_equal(read_tries(&locked, job), 0);
	assert_tries(job, 0);
	assert_nothing_sent(job);
	assert_false(job->may_be_open);
}

static void tries_that_cannot_be_read_any_more_are_not_those_of_before(void **state)
{
	struct script known = SCRIPT({ QUERY_AUTH, "63 C2" });
	struct script silent = SCRIPT({ QUERY_AUTH, OK }, { SELECT_ISD, OK }, { SELECT_AP, OK }, { QUERY_AUTH, OK });
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

	assert_int_equal(read_tries(&known, job), 0);
	assert_int_equal(read_tries(&silent, job), ANSWER_CARD_ERROR);
	assert_false(job->has_tries);
}

/* --- wrong PINs that went before --------------------------------------------------------------------------------- */

static void after_two_wrong_pins_a_user_waits_and_nothing_is_asked_of_the_card(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
	struct script first = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 31", "63 C2" });
	struct script second = SCRIPT({ QUERY_AUTH, "63 C2" }, { "00 20 00 98 04 39 39 39 32", "63 C1" });
	struct script nothing = { 0 };
	const time_t before = time(NULL);

	assert_int_equal(verify_pin(&guard, &first, "9991", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &second, "9992", 1000), ANSWER_PIN_INCORRECT);
	job->uid = 1000;
	job->allow_last_try = true;
	assert_int_equal(verify_at(&guard, &nothing, job), ANSWER_HELD_OFF);
	assert_in_range(job->held_until, before + MINUTE + ROUNDING, time(NULL) + MINUTE + ROUNDING);
	assert_nothing_sent(job);
}

static void one_user_s_wrong_pins_are_not_held_against_another(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	struct script first = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 31", "63 C2" });
	struct script second = SCRIPT({ QUERY_AUTH, "63 C2" }, { "00 20 00 98 04 39 39 39 32", "63 C1" });
	struct script right = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_AUTH, OK });

	assert_int_equal(verify_pin(&guard, &first, "9991", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &second, "9992", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &right, "1234", 1001), 0);
}

static void a_right_pin_is_the_end_of_what_was_wrong(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();

	for (int i = 0; i < 3; i++) {
		struct script wrong = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 31", "63 C2" });
		struct script right = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_AUTH, OK });

		assert_int_equal(verify_pin(&guard, &wrong, "9991", 1000), ANSWER_PIN_INCORRECT);
		assert_int_equal(verify_pin(&guard, &right, "1234", 1000), 0);
	}
}

static void the_pin_that_the_card_has_just_refused_is_not_sent_again(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
	struct script refused = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, "63 C2" });
	struct script again = SCRIPT({ QUERY_AUTH, "63 C2" });
	struct script spent_by_others = SCRIPT({ QUERY_AUTH, "63 C1" });

	assert_int_equal(verify_pin(&guard, &refused, "1234", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &again, "1234", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_at(&guard, &spent_by_others, job), ANSWER_PIN_INCORRECT);
	assert_tries(job, 1);
	assert_nothing_sent(job);
}

static void the_pin_that_locked_the_card_is_answered_as_locked(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *last = verify_job(JPKI_AUTH), *again = verify_job(JPKI_AUTH);
	struct script refused = SCRIPT({ QUERY_AUTH, "63 C1" }, { VERIFY_AUTH, "63 C0" });
	struct script locked = SCRIPT({ QUERY_AUTH, "63 C0" });

	last->allow_last_try = true;
	assert_int_equal(verify_at(&guard, &refused, last), ANSWER_PIN_LOCKED);
	assert_int_equal(verify_at(&guard, &locked, again), ANSWER_PIN_LOCKED);
	assert_tries(again, 0);
}

static void what_was_refused_is_forgotten_with_the_insertion_and_after_a_right_pin(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	struct script refused = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 31", "63 C2" });
	struct script right = SCRIPT({ QUERY_AUTH, "63 C2" }, { VERIFY_AUTH, OK });
	struct script asked = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 31", OK });

	assert_int_equal(verify_pin(&guard, &refused, "9991", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &right, "1234", 1000), 0);
	assert_int_equal(verify_pin(&guard, &asked, "9991", 1000), 0);

	refused.sent = asked.sent = 0;
	assert_int_equal(verify_pin(&guard, &refused, "9991", 1000), ANSWER_PIN_INCORRECT);
	guard_clear(&guard);
	assert_int_equal(verify_pin(&guard, &asked, "9991", 1000), 0);
}

static int use_lease(struct guard *guard, struct script *script, unsigned int pin_number)
{
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);

	job->uid = 1000;
	job->from_lease = true;
	job->pin_number = pin_number;
	return verify_at(guard, script, job);
}

static void the_pin_of_a_lease_is_not_sent_when_another_one_has_been_set(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *change = verify_job(JPKI_AUTH), *reset = verify_job(JPKI_AUTH);
	struct script right = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK });
	struct script changed = SCRIPT({ "00 A4 02 0C 02 00 18", OK }, { "00 24 01 80 04 35 36 37 38", OK },
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
	CLEANUP(guard_clear) struct guard guard = new_guard();
	struct script refused = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, "63 C2" });
	struct script other = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 31", "63 C2" });
	struct script nothing = { 0 };

	assert_int_equal(use_lease(&guard, &refused, 0), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &other, "9991", 1001), ANSWER_PIN_INCORRECT);
	assert_int_equal(use_lease(&guard, &nothing, 0), ANSWER_PIN_REQUIRED);
}

static void a_lease_in_use_buys_no_guesses(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	struct script right = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK });
	struct script first = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 31", "63 C2" });
	struct script second = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 32", "63 C2" });
	struct script nothing = { 0 };

	assert_int_equal(verify_pin(&guard, &first, "9991", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(use_lease(&guard, &right, 0), 0);
	assert_int_equal(verify_pin(&guard, &second, "9992", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &nothing, "9993", 1000), ANSWER_HELD_OFF);
}

static void a_pin_that_could_not_be_sent_does_not_count_as_wrong(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();

	for (int i = 0; i < 3; i++) {
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" });

		assert_int_equal(verify_pin(&guard, &script, "", 1000), -EINVAL);
	}
}

static void a_lost_answer_counts_as_wrong(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	struct script lost = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, .result = ANSWER_READER_ERROR });
	struct script nothing = { 0 };

	assert_int_equal(verify_pin(&guard, &lost, "1234", 1000), ANSWER_OUTCOME_UNKNOWN);
	lost.sent = 0;
	assert_int_equal(verify_pin(&guard, &lost, "1234", 1000), ANSWER_OUTCOME_UNKNOWN);
	assert_int_equal(verify_pin(&guard, &nothing, "1234", 1000), ANSWER_HELD_OFF);
}

static void without_a_ledger_no_pin_is_sent(void **state)
{
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
	struct guard guard = GUARD_INIT(-ENOENT);
	struct script none = { 0 };
	struct jpki jpki = JPKI_INIT(script_channel(&none));

	assert_int_equal(guard_verify(&guard, &jpki, job), -ENOENT);
	assert_nothing_sent(job);
}

static void a_ledger_that_cannot_be_written_keeps_the_pin_back(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" });

	/* Without a page for this card reading is no use of the directory that is gone; writing is. */
	assert_int_equal(rmdir(state_path), 0);
	assert_true(verify_at(&guard, &script, job) < 0);
	assert_int_equal(job->state, JOB_CLAIMED);
	assert_int_equal(mkdir(state_path, 0700), 0);
}

/* --- which card it is ------------------------------------------------------------------------------------------ */

static void before_the_first_pin_the_card_is_told_by_its_auth_certificate(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_SIGN);
	struct script script = SCRIPT({ "00 B0 8A 00 00", "30 02 05 00 90 00" }, { QUERY_SIGN, "63 C5" },
				      { VERIFY_SIGN, OK });
	static const uint8_t der[] = { 0x30, 0x02, 0x05, 0x00 };
	uint8_t digest[DIGEST_LENGTH];

	guard.knows_card = false;
	assert_int_equal(verify_at(&guard, &script, job), 0);
	assert_true(guard.knows_card);
	digest_sha256(der, sizeof(der), digest);
	assert_memory_equal(guard.ledger.card, digest, sizeof(digest));
	assert_null(job->certificate.bytes);
}

static void where_that_needs_a_pin_by_the_certificate_of_its_issuer(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
	struct script script = SCRIPT({ "00 B0 8A 00 00", "69 82" }, { "00 B0 8B 00 00", "30 02 05 00 90 00" },
				      { QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK });

	guard.knows_card = false;
	assert_int_equal(verify_at(&guard, &script, job), 0);
}

static void a_card_that_cannot_be_told_now_gets_no_pin(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
	struct script script = SCRIPT({ "00 B0 8A 00 00", .result = ANSWER_READER_ERROR });

	guard.knows_card = false;
	assert_int_equal(verify_at(&guard, &script, job), ANSWER_READER_ERROR);
	assert_nothing_sent(job);
	assert_false(guard.knows_card);
}

/* --- the new PIN ----------------------------------------------------------------------------------------------- */

#define SELECT_PIN_AUTH "00 A4 02 0C 02 00 18"
#define CHANGE_AUTH "00 24 01 80 04 35 36 37 38"

static int change_at(struct guard *guard, struct script *script, struct job *job)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	int answer = guard_verify(guard, &jpki, job);

	if (answer == 0)
		answer = guard_change(guard, &jpki, job);
	script_assert_done(script);
	return answer;
}

static struct job *change_job(void)
{
	struct job *job = verify_job(JPKI_AUTH);

	job->kind = JOB_CHANGE_PIN;
	job->new_pin = script_secret("5678");
	return job;
}

static void after_a_change_the_counter_is_read_and_the_new_pin_is_not_tried(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK }, { SELECT_PIN_AUTH, OK },
				      { CHANGE_AUTH, OK }, { QUERY_AUTH, "63 C3" });

	assert_int_equal(change_at(&guard, &script, job), 0);
	assert_tries(job, 3);
	assert_null(job->new_pin);
	assert_true(job->may_be_open);
}

static void after_a_change_the_old_pin_is_refused_without_asking_the_card(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK }, { SELECT_PIN_AUTH, OK },
				      { CHANGE_AUTH, OK }, { QUERY_AUTH, "63 C3" });
	struct script old = SCRIPT({ QUERY_AUTH, "63 C3" });
	struct script right = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 35 36 37 38", OK });

	assert_int_equal(change_at(&guard, &script, job), 0);
	assert_int_equal(verify_pin(&guard, &old, "1234", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &right, "5678", 1000), 0);
}

static void a_new_pin_that_the_card_refuses_leaves_the_old_one(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK }, { SELECT_PIN_AUTH, OK },
				      { CHANGE_AUTH, "6A 80" });

	assert_int_equal(change_at(&guard, &script, job), ANSWER_CARD_ERROR);
	assert_true(job->verified);
	assert_null(job->pin);
	assert_tries(job, 3);
	assert_null(job->new_pin);
}

static void a_change_whose_answer_is_lost_is_not_known(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, OK }, { SELECT_PIN_AUTH, OK },
				      { CHANGE_AUTH, .result = ANSWER_CARD_REMOVED });

	assert_int_equal(change_at(&guard, &script, job), ANSWER_OUTCOME_UNKNOWN);
	assert_false(job->has_tries);
	assert_null(job->new_pin);
	assert_int_equal(job->state, JOB_VERIFYING);
}

static void with_a_wrong_old_pin_nothing_is_changed(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = change_job();
	struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, "63 C2" });

	assert_int_equal(change_at(&guard, &script, job), ANSWER_PIN_INCORRECT);
	assert_tries(job, 2);
}

/* --- the reset code -------------------------------------------------------------------------------------------- */

#define QUERY_CODE "00 2C 00 98"
#define RESET_AUTH "00 2C 00 98 0A 43 4F 44 45 30 30 35 36 37 38"

static struct job *reset_job(void)
{
	struct job *job = job_new(JOB_RESET_PIN, JPKI_AUTH, ":1.1", &state_rules);

	assert_non_null(job);
	job->pin = script_secret("CODE00");
	job->new_pin = script_secret("5678");
	assert_true(job_claim(job));
	return job;
}

static int reset_at(struct guard *guard, struct script *script, struct job *job)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	int answer = guard_reset(guard, &jpki, job);

	script_assert_done(script);
	return answer;
}

static void a_right_code_sets_the_pin_and_its_counter_is_read(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = reset_job();
	struct script script = SCRIPT({ QUERY_CODE, "63 CA" }, { RESET_AUTH, OK }, { QUERY_AUTH, "63 C3" });

	assert_int_equal(reset_at(&guard, &script, job), 0);
	assert_tries(job, 3);
	assert_null(job->pin);
	assert_null(job->new_pin);
}

static void the_code_s_own_tries_are_guarded_like_a_pin_s(void **state)
{
	static const struct {
		const char *tries;
		bool allow_last_try;
		uint32_t expected;
		int answer;
	} cases[] = {
		{ "63 C0", true, 0, ANSWER_PIN_LOCKED },    { "69 83", true, 0, ANSWER_PIN_LOCKED },
		{ "63 C1", false, 0, ANSWER_LAST_TRY },     { "63 C1", true, 2, ANSWER_TRIES_CHANGED },
		{ "63 C5", false, 4, ANSWER_TRIES_CHANGED }, { "63 00", false, 0, ANSWER_CARD_ERROR },
		{ "6F 00", false, 0, ANSWER_CARD_ERROR },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		CLEANUP(guard_clear) struct guard guard = new_guard();
		CLEANUP(job_freep) struct job *job = reset_job();
		struct script script = SCRIPT({ QUERY_CODE, cases[i].tries });

		job->allow_last_try = cases[i].allow_last_try;
		job->has_expected_tries = cases[i].expected > 0;
		job->expected_tries = cases[i].expected;
		assert_int_equal(reset_at(&guard, &script, job), cases[i].answer);
		assert_nothing_sent(job);
	}
}

static void a_wrong_code_tells_its_own_tries_and_two_of_them_make_the_user_wait(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *one = reset_job(), *same = reset_job(), *two = reset_job(), *three = reset_job();
	struct script first = SCRIPT({ QUERY_CODE, "63 CA" }, { RESET_AUTH, "63 C9" }, { QUERY_AUTH, "63 C3" });
	struct script second = SCRIPT({ QUERY_CODE, "63 C9" }, { "00 2C 00 98 0A 43 4F 44 45 30 31 35 36 37 38", "63 C8" },
				      { QUERY_AUTH, "63 C3" });
	struct script again = SCRIPT({ QUERY_CODE, "63 C9" });
	struct script nothing = { 0 };

	assert_int_equal(reset_at(&guard, &first, one), ANSWER_PIN_INCORRECT);
	assert_int_equal(one->code_tries, 9);
	assert_tries(one, 3);
	assert_int_equal(reset_at(&guard, &again, same), ANSWER_PIN_INCORRECT);
	assert_int_equal(same->code_tries, 9);
	two->pin->bytes[5] = three->pin->bytes[5] = '1';
	assert_int_equal(reset_at(&guard, &second, two), ANSWER_PIN_INCORRECT);
	assert_int_equal(reset_at(&guard, &nothing, three), ANSWER_HELD_OFF);
}

static void who_has_reset_a_pin_does_not_wait_for_having_guessed_at_it(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	CLEANUP(job_freep) struct job *job = reset_job();
	struct script first = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98 04 39 39 39 31", "63 C2" });
	struct script second = SCRIPT({ QUERY_AUTH, "63 C2" }, { "00 20 00 98 04 39 39 39 32", "63 C1" });
	struct script reset = SCRIPT({ QUERY_CODE, "63 CA" }, { RESET_AUTH, OK }, { QUERY_AUTH, "63 C3" });
	struct script again = SCRIPT({ QUERY_AUTH, "63 C3" }, { VERIFY_AUTH, "63 C2" });

	assert_int_equal(verify_pin(&guard, &first, "9991", 1000), ANSWER_PIN_INCORRECT);
	assert_int_equal(verify_pin(&guard, &second, "9992", 1000), ANSWER_PIN_INCORRECT);
	job->uid = 1000;
	assert_int_equal(reset_at(&guard, &reset, job), 0);
	assert_int_equal(verify_pin(&guard, &again, "1234", 1000), ANSWER_PIN_INCORRECT);
}

/* --- the pad --------------------------------------------------------------------------------------------------- */

/* What typing at the pad with three tries left comes to; @after is what the counter says then. */
static void what_did_not_reach_the_card_from_the_pad_cost_nothing_and_the_counter_is_asked(void **state)
{
	static const struct {
		const char *typed, *after;
		int answer, tries;
	} cases[] = {
		{ "64 00", "63 C3", ANSWER_TIMEOUT, 3 },    { "64 01", "63 C3", ANSWER_DISMISSED, 3 },
		{ "64 03", "63 C3", ANSWER_PIN_FORMAT, 3 }, { "63 C3", "63 C3", ANSWER_DISMISSED, 3 },
		{ "63 C2", "63 C2", ANSWER_PIN_INCORRECT, 2 }, { "64 00", "63 C2", ANSWER_PIN_INCORRECT, 2 },
		{ "63 C0", "69 83", ANSWER_PIN_LOCKED, 0 },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		CLEANUP(guard_clear) struct guard guard = new_guard();
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98", cases[i].typed, .pad = "4-4" },
					      { QUERY_AUTH, cases[i].after });
		struct jpki jpki = JPKI_INIT(script_channel_with_pad(&script));

		job->pin = secret_free(job->pin);
		assert_int_equal(guard_verify(&guard, &jpki, job), cases[i].answer);
		script_assert_done(&script);
		assert_tries(job, cases[i].tries);
	}
}

static void wrong_pins_from_the_pad_make_the_user_wait_too(void **state)
{
	CLEANUP(guard_clear) struct guard guard = new_guard();
	struct script nothing = { 0 };

	for (int i = 0; i < 2; i++) {
		CLEANUP(job_freep) struct job *job = verify_job(JPKI_AUTH);
		struct script script = SCRIPT({ QUERY_AUTH, "63 C3" }, { "00 20 00 98", "63 C2", .pad = "4-4" },
					      { QUERY_AUTH, "63 C2" });
		struct jpki jpki = JPKI_INIT(script_channel_with_pad(&script));

		job->pin = secret_free(job->pin);
		assert_int_equal(guard_verify(&guard, &jpki, job), ANSWER_PIN_INCORRECT);
	}
	assert_int_equal(verify_pin(&guard, &nothing, "1234", 0), ANSWER_HELD_OFF);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_locked_pin_gets_no_verify_whatever_the_card_says_it_with),
		TEST(no_verify_is_sent_where_the_caller_expected_other_tries),
		TEST(consent_to_the_last_try_does_not_count_where_more_were_expected),
		TEST(the_last_try_is_not_spent_without_consent),
		TEST(what_the_administrator_reserves_is_not_spent_without_consent),
		TEST(with_consent_the_last_try_goes),
		TEST(a_card_that_hides_its_counter_is_cleared_and_asked_again),
		TEST(what_was_hidden_counts_like_any_counter),
		TEST(a_card_that_never_tells_its_counter_gets_no_verify),
		TEST(a_fault_before_verify_is_passed_on_and_leaves_no_doubt),
		TEST(a_right_pin_fills_the_counter),
		TEST(each_outcome_of_a_verify_tells_what_is_known_of_the_tries),
		TEST(after_one_verify_the_pin_is_gone_whatever_came_of_it),
		TEST(while_a_verify_is_out_the_job_says_so),
		TEST(a_job_that_was_given_up_gets_no_verify),
		TEST(reading_the_tries_sends_no_verify),
		TEST(tries_that_cannot_be_read_any_more_are_not_those_of_before),
		TEST(after_two_wrong_pins_a_user_waits_and_nothing_is_asked_of_the_card),
		TEST(one_user_s_wrong_pins_are_not_held_against_another),
		TEST(a_right_pin_is_the_end_of_what_was_wrong),
		TEST(the_pin_that_the_card_has_just_refused_is_not_sent_again),
		TEST(the_pin_that_locked_the_card_is_answered_as_locked),
		TEST(what_was_refused_is_forgotten_with_the_insertion_and_after_a_right_pin),
		TEST(the_pin_of_a_lease_is_not_sent_when_another_one_has_been_set),
		TEST(what_the_card_refuses_from_one_lease_is_sent_from_no_other),
		TEST(a_lease_in_use_buys_no_guesses),
		TEST(a_pin_that_could_not_be_sent_does_not_count_as_wrong),
		TEST(a_lost_answer_counts_as_wrong),
		TEST(without_a_ledger_no_pin_is_sent),
		TEST(a_ledger_that_cannot_be_written_keeps_the_pin_back),
		TEST(before_the_first_pin_the_card_is_told_by_its_auth_certificate),
		TEST(where_that_needs_a_pin_by_the_certificate_of_its_issuer),
		TEST(a_card_that_cannot_be_told_now_gets_no_pin),
		TEST(after_a_change_the_counter_is_read_and_the_new_pin_is_not_tried),
		TEST(after_a_change_the_old_pin_is_refused_without_asking_the_card),
		TEST(a_new_pin_that_the_card_refuses_leaves_the_old_one),
		TEST(a_change_whose_answer_is_lost_is_not_known),
		TEST(with_a_wrong_old_pin_nothing_is_changed),
		TEST(a_right_code_sets_the_pin_and_its_counter_is_read),
		TEST(the_code_s_own_tries_are_guarded_like_a_pin_s),
		TEST(a_wrong_code_tells_its_own_tries_and_two_of_them_make_the_user_wait),
		TEST(who_has_reset_a_pin_does_not_wait_for_having_guessed_at_it),
		TEST(what_did_not_reach_the_card_from_the_pad_cost_nothing_and_the_counter_is_asked),
		TEST(wrong_pins_from_the_pad_make_the_user_wait_too),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
