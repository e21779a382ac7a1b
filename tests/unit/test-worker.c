/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that holds a card, over a card in memory: what is sent, in which order, who is told what, and that a card
 * is closed again. The journal of tests/unit/fake-steps.h is what is looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/worker.h"
#include "tests/unit/fake-main.h"
#include "tests/unit/fake-pcsc.h"
#include "tests/unit/fake-steps.h"
#include "tests/unit/state.h"

#define OPEN "open connect(Reader,exclusive)"
#define PROBE "begin SELECT READ READ end"

enum {
	NOT_YET = -1000,
	RECORDS_MAX = 8,
};

/* --- what the main thread is told ----------------------------------------------------------------------------- */

static struct {
	bool found;
	struct session_finding finding;
	int ended; /* or NOT_YET */
	bool stuck;
} told;

static void on_found(const struct session_finding *finding, void *userdata)
{
	told.found = true;
	told.finding = *finding;
}

static void on_ended(int answer, void *userdata)
{
	told.ended = answer;
}

static void on_stuck(void *userdata)
{
	told.stuck = true;
}

static const struct worker_events events = { .found = on_found, .ended = on_ended, .stuck = on_stuck };

/* What a job came to. */
struct record {
	char caller;
	int result;
	bool back;
	bool may_be_open;
	bool has_tries;
	int tries;
	uint8_t ins;
	uint16_t sw;
	size_t certificate_length;
	uint8_t signatures[RECORDS_MAX]; /* the first byte of each */
	bool had_pin;
};

static struct record records[RECORDS_MAX];
static size_t record_count;

static void on_done(struct job *job, int result, void *userdata)
{
	struct record *record = &records[record_count++];

	assert_true(record_count <= RECORDS_MAX);
	*record = (struct record){
		.caller = job->caller[0],
		.result = result,
		.back = job->back,
		.had_pin = job->pin,
	};
	if (!job->back)
		return;
	record->may_be_open = job->may_be_open;
	record->has_tries = job->has_tries;
	record->tries = job->tries;
	record->ins = job->ins;
	record->sw = job->sw;
	record->certificate_length = job->certificate.length;
	for (size_t i = 0; job->signatures && i < job->input_count; i++)
		record->signatures[i] = job->signatures[i].bytes ? job->signatures[i].bytes[0] : 0;
}

/* The callers of the jobs that are done, in that order. */
static const char *callers_done(void)
{
	static char callers[RECORDS_MAX + 1];

	for (size_t i = 0; i < record_count; i++)
		callers[i] = records[i].caller;
	callers[record_count] = '\0';
	return callers;
}

/* --- workers and jobs ----------------------------------------------------------------------------------------- */

static void reset(void)
{
	assert_int_equal(worker_count(), 0);
	memset(&told, 0, sizeof(told));
	told.ended = NOT_YET;
	memset(records, 0, sizeof(records));
	record_count = 0;
	fake_pcsc_reset();
}

static int setup(void **state)
{
	reset();
	return state_set_up(state);
}

static struct worker *start(bool exclusive, bool may_be_open)
{
	const struct worker_options options = { "Reader", "Reader", exclusive, may_be_open,
							 state_ledger.directory };
	struct worker *worker = NULL;

	assert_int_equal(worker_new(main_mailbox, main_event, &options, &events, NULL, &worker), 0);
	assert_int_equal(worker_count(), 1);
	return worker;
}

static void release_and_wait(struct worker *worker)
{
	assert_null(worker_release(worker, ANSWER_CARD_REMOVED));
	main_turn_until(worker_count() == 0);
}

static void turn_until_ended(int answer)
{
	main_turn_until(told.ended != NOT_YET);
	assert_int_equal(told.ended, answer);
	assert_int_equal(worker_count(), 0);
}

static struct job *new_job(enum job_kind kind, const char *caller, const char *pin)
{
	struct job *job = job_new(kind, JPKI_AUTH, caller, &state_rules);

	assert_non_null(job);
	job->done = on_done;
	if (!pin)
		return job;
	job->with_pin = true;
	job->pin = secret_new(strlen(pin));
	assert_non_null(job->pin);
	job->pin->length = strlen(pin);
	memcpy(job->pin->bytes, pin, strlen(pin));
	return job;
}

static bool journal_ends_with(const char *steps)
{
	const char *journal = fake_journal();
	const size_t length = strlen(journal);

	return length >= strlen(steps) && strcmp(journal + length - strlen(steps), steps) == 0;
}

/* One that has found its card and knows which it is; the journal begins behind that. */
static struct worker *start_found(void)
{
	struct worker *worker = start(true, false);

	main_turn_until(told.found);
	worker_submit(worker, new_job(JOB_READ_CERTIFICATE, "", NULL));
	main_turn_until(record_count == 1);
	main_turn_until(journal_ends_with("SELECT READ end"));
	record_count = 0;
	fake_reset();
	return worker;
}

static struct job *sign_job(const char *caller, const char *inputs)
{
	struct job *job = new_job(JOB_SIGN, caller, "1234");

	job->input_count = strlen(inputs);
	job->inputs = calloc(job->input_count, sizeof(*job->inputs));
	assert_non_null(job->inputs);
	for (size_t i = 0; i < job->input_count; i++) {
		job->inputs[i].length = 1;
		job->inputs[i].bytes = malloc(1);
		assert_non_null(job->inputs[i].bytes);
		job->inputs[i].bytes[0] = (uint8_t)inputs[i];
	}
	return job;
}

static const struct record *run(struct worker *worker, struct job *job)
{
	const size_t before = record_count;

	worker_submit(worker, job);
	main_turn_until(record_count > before);
	return &records[before];
}

/* The worker's, not only the job's end. */
static void turn_until_journal(const char *journal)
{
	main_turn_until(strlen(fake_journal()) >= strlen(journal));
	assert_string_equal(fake_journal(), journal);
}

/* --- a card comes --------------------------------------------------------------------------------------------- */

static void a_card_is_found_with_three_commands(void **state)
{
	struct worker *worker = start(true, false);

	main_turn_until(told.found);
	assert_string_equal(fake_journal(), OPEN " " PROBE);
	assert_int_equal(told.finding.token.type, JPKI_TYPE_MYNUMBER_CARD);
	assert_true(told.finding.token.has_certificate[JPKI_AUTH]);
	assert_true(told.finding.token.has_certificate[JPKI_SIGN]);
	assert_int_equal(told.finding.tries[JPKI_AUTH], JPKI_TRIES_UNKNOWN);
	assert_int_equal(told.ended, NOT_YET);

	release_and_wait(worker);
	assert_string_equal(fake_journal(), OPEN " " PROBE " disconnect(leave) close");
	assert_int_equal(told.ended, NOT_YET);
}

static void a_card_is_shared_where_that_is_chosen(void **state)
{
	struct worker *worker = start(false, false);

	main_turn_until(told.found);
	assert_string_equal(fake_journal(), "open connect(Reader,shared) " PROBE);
	release_and_wait(worker);
}

static void another_card_is_let_go_as_it_was(void **state)
{
	fake_card.is_jpki = false;
	start(true, true);
	turn_until_ended(ANSWER_UNSUPPORTED_CARD);
	assert_string_equal(fake_journal(), OPEN " begin SELECT disconnect(leave) close");
	assert_false(told.found);
}

static void a_card_that_was_there_before_is_closed_before_it_is_read(void **state)
{
	struct worker *worker;

	fake_card.verified[JPKI_AUTH] = true;
	worker = start(true, true);
	main_turn_until(told.found);
	assert_string_equal(fake_journal(), OPEN " begin SELECT CLEAR SELECT READ READ QUERY QUERY end");
	assert_false(fake_card.verified[JPKI_AUTH]);
	release_and_wait(worker);
}

static void the_tries_of_a_card_that_was_there_before_are_found_too(void **state)
{
	struct worker *worker;

	fake_card.tries[JPKI_AUTH] = 0;
	fake_card.tries[JPKI_SIGN] = 2;
	worker = start(true, true);
	main_turn_until(told.found);
	assert_int_equal(told.finding.tries[JPKI_AUTH], 0);
	assert_int_equal(told.finding.tries[JPKI_SIGN], 2);
	release_and_wait(worker);
}

static void a_card_that_does_not_tell_one_counter_is_found_all_the_same(void **state)
{
	struct worker *worker;

	fake_card.has_no_sign_pin = true;
	worker = start(true, true);
	main_turn_until(told.found);
	assert_int_equal(told.finding.tries[JPKI_AUTH], 3);
	assert_int_equal(told.finding.tries[JPKI_SIGN], JPKI_TRIES_UNKNOWN);
	release_and_wait(worker);
}

static void a_card_that_cannot_be_closed_is_powered_off_before_it_is_read(void **state)
{
	struct worker *worker;

	fake_card.verified[JPKI_AUTH] = true;
	fake_card.refuses_clear = true;
	worker = start(true, true);
	main_turn_until(told.found);
	assert_string_equal(fake_journal(), OPEN " begin SELECT CLEAR CLEAR power SELECT READ READ QUERY QUERY end");
	assert_false(fake_card.verified[JPKI_AUTH]);
	release_and_wait(worker);
}

static void a_card_that_another_program_holds_is_asked_for_three_times(void **state)
{
	for (int i = 0; i < 3; i++)
		fake_answer("connect", ANSWER_BUSY);
	start(true, false);
	turn_until_ended(ANSWER_BUSY);
	assert_string_equal(fake_journal(),
			    OPEN " connect(Reader,exclusive) connect(Reader,exclusive) close");
}

static void a_card_that_another_program_lets_go_in_time_is_found(void **state)
{
	struct worker *worker;

	fake_answer("connect", ANSWER_BUSY);
	fake_answer("connect", ANSWER_BUSY);
	worker = start(true, false);
	main_turn_until(told.found);
	release_and_wait(worker);
}

static void a_worker_that_pcscd_keeps_waiting_says_so(void **state)
{
	struct worker *worker;

	fake_block("connect");
	worker = start(true, false);
	fake_wait_blocked();
	assert_true(worker_is_kept_waiting(worker));
	fake_unblock();
	main_turn_until(told.found);
	assert_false(worker_is_kept_waiting(worker));
	release_and_wait(worker);
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
		reset();
		fake_answer(cases[i].step, cases[i].answer);
		start(true, false);
		turn_until_ended(cases[i].answer);
		assert_false(told.found);
		assert_string_equal(fake_journal(), cases[i].journal);
	}
}

static void a_card_that_nobody_wants_any_more_when_it_comes_free_is_not_touched(void **state)
{
	struct worker *worker;

	fake_block("connect");
	worker = start(true, true);
	fake_wait_blocked();
	worker_release(worker, ANSWER_CARD_REMOVED);
	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_false(told.found);
	assert_non_null(strstr(fake_journal(), OPEN " disconnect("));
}

static void a_worker_released_before_it_found_its_card_tells_nothing(void **state)
{
	struct worker *worker;

	fake_block("READ");
	worker = start(true, false);
	fake_wait_blocked();
	worker_release(worker, ANSWER_CARD_REMOVED);
	assert_int_equal(worker_count(), 1);
	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_false(told.found);
	assert_int_equal(told.ended, NOT_YET);
	assert_string_equal(fake_journal(), OPEN " " PROBE " disconnect(leave) close");
}

static void a_worker_that_is_told_to_end_tells_when_the_card_is_free(void **state)
{
	struct worker *worker = start_found();

	worker_end(worker, ANSWER_CARD_REMOVED);
	turn_until_ended(0);
	assert_string_equal(fake_journal(), "disconnect(leave) close");
}

static void a_worker_told_to_end_finds_no_card_any_more(void **state)
{
	struct worker *worker;

	fake_block("READ");
	worker = start(true, false);
	fake_wait_blocked();
	worker_end(worker, ANSWER_CARD_REMOVED);
	fake_unblock();
	turn_until_ended(0);
	assert_false(told.found);
}

static void what_runs_when_a_worker_is_told_to_end_is_done_and_what_waits_is_not(void **state)
{
	struct worker *worker = start_found();

	fake_block("SIGN");
	worker_submit(worker, sign_job("A", "x"));
	worker_submit(worker, sign_job("B", "x"));
	fake_wait_blocked();
	worker_end(worker, ANSWER_CARD_REMOVED);
	assert_string_equal(callers_done(), "B");
	assert_int_equal(records[0].result, ANSWER_CARD_REMOVED);
	fake_unblock();
	turn_until_ended(0);
	assert_string_equal(callers_done(), "BA");
	assert_int_equal(records[1].result, 0);
	assert_false(fake_card.verified[JPKI_AUTH]);
}

/* --- jobs ----------------------------------------------------------------------------------------------------- */

static void each_kind_of_job_does_its_own_and_no_more(void **state)
{
	struct worker *worker = start_found();
	const struct record *record = run(worker, new_job(JOB_READ_CERTIFICATE, "A", NULL));

	assert_int_equal(record->result, 0);
	assert_int_equal(record->certificate_length, sizeof(FAKE_CERTIFICATE) - 1);
	turn_until_journal("begin SELECT READ end");

	fake_reset();
	record = run(worker, new_job(JOB_READ_TRIES, "A", NULL));
	assert_int_equal(record->result, 0);
	assert_true(record->has_tries);
	assert_int_equal(record->tries, 3);
	turn_until_journal("begin SELECT QUERY end");

	fake_reset();
	record = run(worker, new_job(JOB_VERIFY_PIN, "A", "1234"));
	assert_int_equal(record->result, 0);
	turn_until_journal("begin SELECT QUERY VERIFY CLEAR end");

	fake_reset();
	record = run(worker, sign_job("A", "xyz"));
	assert_int_equal(record->result, 0);
	assert_memory_equal(record->signatures, "xyz", 3);
	turn_until_journal("begin SELECT QUERY VERIFY SIGN SIGN SIGN CLEAR end");
	release_and_wait(worker);
}

static void a_sign_job_brings_the_certificate_where_it_is_wanted(void **state)
{
	struct worker *worker = start_found();
	struct job *job = sign_job("A", "x");
	const struct record *record;

	job->needs_certificate = true;
	record = run(worker, job);
	assert_int_equal(record->result, 0);
	assert_int_equal(record->certificate_length, sizeof(FAKE_CERTIFICATE) - 1);
	turn_until_journal("begin SELECT QUERY VERIFY SIGN READ CLEAR end");
	release_and_wait(worker);
}

static void the_tries_of_a_locked_pin_are_an_answer(void **state)
{
	struct worker *worker = start_found();
	const struct record *record;

	fake_card.tries[JPKI_AUTH] = 0;
	record = run(worker, new_job(JOB_READ_TRIES, "A", NULL));
	assert_int_equal(record->result, 0);
	assert_true(record->has_tries);
	assert_int_equal(record->tries, 0);
	release_and_wait(worker);
}

static void a_card_that_somebody_left_open_is_closed_even_if_no_pin_was_sent(void **state)
{
	struct worker *worker = start_found();

	fake_card.hides_tries = true;
	assert_int_equal(run(worker, sign_job("A", "x"))->result, ANSWER_CARD_ERROR);
	turn_until_journal("begin SELECT QUERY CLEAR SELECT QUERY CLEAR end");
	release_and_wait(worker);
}

static void a_refusal_of_the_guard_ends_the_job_and_leaves_the_card_as_it_was(void **state)
{
	struct worker *worker = start_found();
	const struct record *record;

	fake_card.tries[JPKI_AUTH] = 1;
	record = run(worker, sign_job("A", "x"));
	assert_int_equal(record->result, ANSWER_LAST_TRY);
	assert_false(record->may_be_open);
	turn_until_journal("begin SELECT QUERY end");
	assert_int_equal(fake_card.tries[JPKI_AUTH], 1);
	release_and_wait(worker);
}

static void a_wrong_pin_costs_one_try_and_signs_nothing(void **state)
{
	struct worker *worker = start_found();
	struct job *job = new_job(JOB_SIGN, "A", "9999");
	const struct record *record = run(worker, job);

	assert_int_equal(record->result, ANSWER_PIN_INCORRECT);
	assert_int_equal(record->tries, 2);
	assert_int_equal(record->sw, 0x63C2);
	assert_false(record->had_pin);
	turn_until_journal("begin SELECT QUERY VERIFY CLEAR end");
	release_and_wait(worker);
}

/* --- the card is closed --------------------------------------------------------------------------------------- */

static void a_card_that_took_a_pin_is_closed(void **state)
{
	struct worker *worker = start_found();

	run(worker, sign_job("A", "x"));
	turn_until_journal("begin SELECT QUERY VERIFY SIGN CLEAR end");
	assert_false(fake_card.verified[JPKI_AUTH]);
	release_and_wait(worker);
}

static void a_card_that_refuses_to_be_closed_is_powered_off_and_goes_on(void **state)
{
	struct worker *worker = start_found();

	fake_card.refuses_clear = true;
	assert_int_equal(run(worker, sign_job("A", "x"))->result, 0);
	turn_until_journal("begin SELECT QUERY VERIFY SIGN CLEAR CLEAR power end");
	assert_false(fake_card.verified[JPKI_AUTH]);

	fake_reset();
	assert_int_equal(run(worker, new_job(JOB_READ_TRIES, "A", NULL))->result, 0);
	turn_until_journal("begin SELECT QUERY end");
	release_and_wait(worker);
}

static void a_card_that_cannot_be_closed_at_all_is_given_up_with_the_power_off(void **state)
{
	struct worker *worker = start_found();

	fake_card.refuses_clear = true;
	fake_answer("power", ANSWER_READER_ERROR);
	assert_int_equal(run(worker, sign_job("A", "x"))->result, 0);
	turn_until_ended(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(),
			    "begin SELECT QUERY VERIFY SIGN CLEAR CLEAR power disconnect(off) close");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void the_reply_does_not_wait_until_the_card_is_closed(void **state)
{
	struct worker *worker = start_found();

	fake_block("CLEAR");
	worker_submit(worker, sign_job("A", "x"));
	fake_wait_blocked();
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN CLEAR");
	main_turn_until(record_count == 1);
	assert_int_equal(records[0].result, 0);
	fake_unblock();
	release_and_wait(worker);
}

static void the_next_job_waits_until_the_card_is_closed(void **state)
{
	struct worker *worker = start_found();

	fake_block("CLEAR");
	worker_submit(worker, sign_job("A", "x"));
	worker_submit(worker, new_job(JOB_READ_TRIES, "B", NULL));
	fake_wait_blocked();
	main_turn_until(record_count == 1);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN CLEAR");
	fake_unblock();
	main_turn_until(record_count == 2);
	turn_until_journal("begin SELECT QUERY VERIFY SIGN CLEAR end begin SELECT QUERY end");
	release_and_wait(worker);
}

/* --- faults --------------------------------------------------------------------------------------------------- */

static void a_verify_whose_answer_is_lost_is_never_sent_again_and_the_card_loses_its_power(void **state)
{
	struct worker *worker = start_found();
	const struct record *record;

	fake_answer("VERIFY", ANSWER_READER_ERROR);
	record = run(worker, new_job(JOB_VERIFY_PIN, "A", "9999"));
	assert_int_equal(record->result, ANSWER_OUTCOME_UNKNOWN);
	assert_false(record->has_tries);
	assert_true(record->may_be_open);
	turn_until_ended(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY disconnect(off) close");
}

static void a_right_pin_whose_answer_is_lost_leaves_no_open_card(void **state)
{
	struct worker *worker = start_found();

	fake_answer("VERIFY", ANSWER_READER_ERROR);
	assert_int_equal(run(worker, sign_job("A", "x"))->result, ANSWER_OUTCOME_UNKNOWN);
	turn_until_ended(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY disconnect(off) close");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void the_worker_after_a_lost_verify_finds_the_counter_as_it_is(void **state)
{
	struct worker *worker = start_found();

	fake_answer("VERIFY", ANSWER_READER_ERROR);
	run(worker, new_job(JOB_VERIFY_PIN, "A", "9999"));
	turn_until_ended(ANSWER_READER_ERROR);

	told.found = false;
	worker = start(true, true);
	main_turn_until(told.found);
	assert_int_equal(told.finding.tries[JPKI_AUTH], 2);
	release_and_wait(worker);
}

static void a_card_pulled_at_a_verify_leaves_the_outcome_unknown(void **state)
{
	struct worker *worker = start_found();

	fake_answer("VERIFY", ANSWER_CARD_REMOVED);
	worker_submit(worker, new_job(JOB_VERIFY_PIN, "A", "9999"));
	worker_submit(worker, new_job(JOB_VERIFY_PIN, "B", "1234"));
	turn_until_ended(ANSWER_READER_ERROR);
	assert_string_equal(callers_done(), "AB");
	assert_int_equal(records[0].result, ANSWER_OUTCOME_UNKNOWN);
	assert_int_equal(records[1].result, ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY disconnect(off) close");
}

static void a_transport_error_ends_the_job_and_those_that_wait_with_the_power_off(void **state)
{
	struct worker *worker = start_found();

	fake_answer("SELECT", ANSWER_READER_ERROR);
	worker_submit(worker, new_job(JOB_READ_TRIES, "A", NULL));
	worker_submit(worker, new_job(JOB_READ_TRIES, "B", NULL));
	turn_until_ended(ANSWER_READER_ERROR);
	assert_string_equal(callers_done(), "AB");
	assert_int_equal(records[0].result, ANSWER_READER_ERROR);
	assert_int_equal(records[1].result, ANSWER_READER_ERROR);
	assert_false(records[1].back);
	assert_string_equal(fake_journal(), "begin SELECT gone? disconnect(off) close");
}

static void a_fault_between_verify_and_sign_leaves_no_open_card(void **state)
{
	struct worker *worker = start_found();

	fake_answer("SIGN", ANSWER_READER_ERROR);
	assert_int_equal(run(worker, sign_job("A", "xy"))->result, ANSWER_READER_ERROR);
	turn_until_ended(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN gone? disconnect(off) close");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void a_fault_because_the_card_is_gone_is_told_so(void **state)
{
	struct worker *worker = start_found();

	fake_answer("SIGN", ANSWER_READER_ERROR);
	fake_answer("gone?", true);
	assert_int_equal(run(worker, sign_job("A", "x"))->result, ANSWER_CARD_REMOVED);
	turn_until_ended(ANSWER_CARD_REMOVED);
}

static void a_fault_while_the_card_is_closed_takes_its_power(void **state)
{
	struct worker *worker = start_found();

	fake_answer("CLEAR", ANSWER_READER_ERROR);
	assert_int_equal(run(worker, sign_job("A", "x"))->result, 0);
	turn_until_ended(ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN CLEAR disconnect(off) close");
}

static void a_card_pulled_in_the_middle_ends_the_job_and_those_that_wait(void **state)
{
	struct worker *worker = start_found();

	fake_block("SIGN");
	fake_answer("SIGN", ANSWER_CARD_REMOVED);
	worker_submit(worker, sign_job("A", "x"));
	fake_wait_blocked();
	worker_submit(worker, new_job(JOB_READ_TRIES, "B", NULL));
	worker_submit(worker, new_job(JOB_VERIFY_PIN, "C", "1234"));
	fake_unblock();
	turn_until_ended(ANSWER_CARD_REMOVED);
	assert_string_equal(callers_done(), "ABC");
	for (size_t i = 0; i < record_count; i++)
		assert_int_equal(records[i].result, ANSWER_CARD_REMOVED);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN disconnect(off) close");
}

static void a_card_that_is_gone_before_its_turn_ends_the_job(void **state)
{
	struct worker *worker = start_found();

	fake_answer("begin", ANSWER_CARD_REMOVED);
	worker_submit(worker, sign_job("A", "x"));
	turn_until_ended(ANSWER_CARD_REMOVED);
	assert_string_equal(callers_done(), "A");
	assert_int_equal(records[0].result, ANSWER_CARD_REMOVED);
	assert_false(records[0].may_be_open);
	assert_string_equal(fake_journal(), "begin disconnect(off) close");
}

/* --- turns, cancelling, release ------------------------------------------------------------------------------- */

static void submit_tries(struct worker *worker, const char *callers)
{
	for (; *callers; callers++) {
		const char caller[] = { *callers, '\0' };

		worker_submit(worker, new_job(JOB_READ_TRIES, caller, NULL));
	}
}

static void assert_turns(const char *running, const char *submitted, const char *order)
{
	struct worker *worker = start_found();

	fake_block("QUERY");
	submit_tries(worker, running);
	fake_wait_blocked();
	submit_tries(worker, submitted);
	fake_unblock();
	main_turn_until(record_count == strlen(order));
	assert_string_equal(callers_done(), order);
	release_and_wait(worker);
}

static void callers_take_turns(void **state)
{
	assert_turns("Z", "AAAB", "ZABAA");
}

static void the_job_that_runs_is_its_callers_first(void **state)
{
	assert_turns("A", "AAB", "ABAA");
}

static void turns_of_many_go_round(void **state)
{
	assert_turns("Z", "AABBCA", "ZABCABA");
}

static void a_cancelled_job_never_reaches_the_card(void **state)
{
	struct worker *worker = start_found();
	struct job *job = new_job(JOB_VERIFY_PIN, "B", "1234");

	fake_block("QUERY");
	submit_tries(worker, "A");
	fake_wait_blocked();
	worker_submit(worker, job);
	worker_cancel(worker, job, ANSWER_CANCELLED);
	assert_string_equal(callers_done(), "B");
	assert_int_equal(records[0].result, ANSWER_CANCELLED);
	fake_unblock();
	submit_tries(worker, "C");
	main_turn_until(record_count == 3);
	assert_string_equal(callers_done(), "BAC");
	turn_until_journal("begin SELECT QUERY end begin SELECT QUERY end");
	release_and_wait(worker);
}

static void a_job_that_has_begun_cannot_be_cancelled(void **state)
{
	struct worker *worker = start_found();
	struct job *job = new_job(JOB_VERIFY_PIN, "A", "1234");

	fake_block("VERIFY");
	worker_submit(worker, job);
	fake_wait_blocked();
	worker_cancel(worker, job, ANSWER_CANCELLED);
	assert_int_equal(record_count, 0);
	fake_unblock();
	main_turn_until(record_count == 1);
	assert_int_equal(records[0].result, 0);
	release_and_wait(worker);
}

static void a_job_that_another_program_keeps_waiting_can_be_cancelled(void **state)
{
	struct worker *worker = start_found();
	struct job *job = new_job(JOB_VERIFY_PIN, "A", "1234");

	fake_block("begin");
	worker_submit(worker, job);
	fake_wait_blocked();
	worker_cancel(worker, job, ANSWER_BUSY);
	assert_string_equal(callers_done(), "A");
	assert_int_equal(records[0].result, ANSWER_BUSY);
	assert_false(records[0].had_pin);
	fake_unblock();
	turn_until_journal("begin end");
	release_and_wait(worker);
	assert_int_equal(record_count, 1);
}

static void a_release_finishes_the_job_that_another_program_keeps_waiting_at_once(void **state)
{
	struct worker *worker = start_found();

	fake_block("begin");
	worker_submit(worker, new_job(JOB_VERIFY_PIN, "A", "1234"));
	fake_wait_blocked();
	worker_submit(worker, new_job(JOB_READ_TRIES, "B", NULL));
	assert_true(worker_is_kept_waiting(worker));

	worker_release(worker, ANSWER_CANCELLED);
	assert_string_equal(callers_done(), "AB");
	assert_int_equal(records[0].result, ANSWER_CANCELLED);
	assert_int_equal(records[1].result, ANSWER_CANCELLED);
	assert_int_equal(worker_count(), 1);

	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_int_equal(record_count, 2);
	assert_string_equal(fake_journal(), "begin end disconnect(leave) close");
}

static void a_release_lets_the_job_that_has_begun_end_and_closes_the_card(void **state)
{
	struct worker *worker = start_found();

	fake_block("SIGN");
	worker_submit(worker, sign_job("A", "x"));
	fake_wait_blocked();
	worker_submit(worker, new_job(JOB_READ_TRIES, "B", NULL));
	worker_release(worker, ANSWER_CANCELLED);
	assert_string_equal(callers_done(), "B");
	assert_int_equal(records[0].result, ANSWER_CANCELLED);

	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_string_equal(callers_done(), "BA");
	assert_int_equal(records[1].result, 0);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN CLEAR end disconnect(leave) close");
	assert_false(fake_card.verified[JPKI_AUTH]);
}

static void a_release_ends_a_long_job_early_and_closes_the_card(void **state)
{
	struct worker *worker = start_found();

	fake_block("SIGN");
	worker_submit(worker, sign_job("A", "xyz"));
	fake_wait_blocked();
	worker_release(worker, ANSWER_CANCELLED);
	fake_unblock();
	main_turn_until(worker_count() == 0);
	assert_string_equal(callers_done(), "A");
	assert_int_equal(records[0].result, ANSWER_CANCELLED);
	assert_string_equal(fake_journal(), "begin SELECT QUERY VERIFY SIGN CLEAR end disconnect(leave) close");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, state_tear_down)

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
		TEST(a_card_that_another_program_lets_go_in_time_is_found),
		TEST(a_worker_that_pcscd_keeps_waiting_says_so),
		TEST(what_ends_before_a_card_is_found_is_told_with_its_answer),
		TEST(a_card_that_nobody_wants_any_more_when_it_comes_free_is_not_touched),
		TEST(a_worker_released_before_it_found_its_card_tells_nothing),
		TEST(a_worker_that_is_told_to_end_tells_when_the_card_is_free),
		TEST(a_worker_told_to_end_finds_no_card_any_more),
		TEST(what_runs_when_a_worker_is_told_to_end_is_done_and_what_waits_is_not),
		TEST(each_kind_of_job_does_its_own_and_no_more),
		TEST(a_sign_job_brings_the_certificate_where_it_is_wanted),
		TEST(the_tries_of_a_locked_pin_are_an_answer),
		TEST(a_card_that_somebody_left_open_is_closed_even_if_no_pin_was_sent),
		TEST(a_refusal_of_the_guard_ends_the_job_and_leaves_the_card_as_it_was),
		TEST(a_wrong_pin_costs_one_try_and_signs_nothing),
		TEST(a_card_that_took_a_pin_is_closed),
		TEST(a_card_that_refuses_to_be_closed_is_powered_off_and_goes_on),
		TEST(a_card_that_cannot_be_closed_at_all_is_given_up_with_the_power_off),
		TEST(the_reply_does_not_wait_until_the_card_is_closed),
		TEST(the_next_job_waits_until_the_card_is_closed),
		TEST(a_verify_whose_answer_is_lost_is_never_sent_again_and_the_card_loses_its_power),
		TEST(a_right_pin_whose_answer_is_lost_leaves_no_open_card),
		TEST(the_worker_after_a_lost_verify_finds_the_counter_as_it_is),
		TEST(a_card_pulled_at_a_verify_leaves_the_outcome_unknown),
		TEST(a_transport_error_ends_the_job_and_those_that_wait_with_the_power_off),
		TEST(a_fault_between_verify_and_sign_leaves_no_open_card),
		TEST(a_fault_because_the_card_is_gone_is_told_so),
		TEST(a_fault_while_the_card_is_closed_takes_its_power),
		TEST(a_card_pulled_in_the_middle_ends_the_job_and_those_that_wait),
		TEST(a_card_that_is_gone_before_its_turn_ends_the_job),
		TEST(callers_take_turns),
		TEST(the_job_that_runs_is_its_callers_first),
		TEST(turns_of_many_go_round),
		TEST(a_cancelled_job_never_reaches_the_card),
		TEST(a_job_that_has_begun_cannot_be_cancelled),
		TEST(a_job_that_another_program_keeps_waiting_can_be_cancelled),
		TEST(a_release_finishes_the_job_that_another_program_keeps_waiting_at_once),
		TEST(a_release_lets_the_job_that_has_begun_end_and_closes_the_card),
		TEST(a_release_ends_a_long_job_early_and_closes_the_card),
	};

	return cmocka_run_group_tests_name("worker", tests, main_setup, NULL);
}
