/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/shop.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "tests/unit/state.h"

struct shop_told shop_told;
struct shop_record shop_records[SHOP_RECORDS_MAX];
size_t shop_record_count;

static struct worker *shop_worker; /* NULL: it has ended */

static void on_found(const struct session_finding *finding, void *userdata)
{
	shop_told.found = true;
	shop_told.finding = *finding;
}

static void on_ended(int answer, void *userdata)
{
	shop_told.ended = answer;
	shop_worker = NULL;
}

static void on_stuck(void *userdata)
{
	shop_told.stuck++;
}

static const struct worker_events events = { .found = on_found, .ended = on_ended, .stuck = on_stuck };

static void on_done(struct job *job, int result, void *userdata)
{
	struct shop_record *record = &shop_records[shop_record_count++];

	assert_true(shop_record_count <= SHOP_RECORDS_MAX);
	*record = (struct shop_record){
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
	record->sw = job->sw;
	record->certificate_length = job->certificate.length;
	for (size_t i = 0; job->signatures && i < job->input_count; i++)
		record->signatures[i] = job->signatures[i].bytes ? job->signatures[i].bytes[0] : 0;
}

const char *shop_callers_done(void)
{
	static char callers[SHOP_RECORDS_MAX + 1];

	for (size_t i = 0; i < shop_record_count; i++)
		callers[i] = shop_records[i].caller;
	callers[shop_record_count] = '\0';
	return callers;
}

void shop_reset(void)
{
	assert_int_equal(worker_count(), 0);
	shop_told = (struct shop_told){ .ended = SHOP_NOT_YET };
	memset(shop_records, 0, sizeof(shop_records));
	shop_record_count = 0;
	fake_pcsc_reset();
}

struct worker *shop_start(bool exclusive, bool may_be_open)
{
	const struct worker_options options = { "Reader", "Reader", exclusive, may_be_open, state_ledger.directory };

	assert_int_equal(worker_new(main_mailbox, main_event, &options, &events, NULL, &shop_worker), 0);
	assert_int_equal(worker_count(), 1);
	return shop_worker;
}

struct worker *shop_find(bool exclusive, bool may_be_open)
{
	struct worker *worker = shop_start(exclusive, may_be_open);

	main_turn_until(shop_told.found);
	return worker;
}

void shop_release(struct worker *worker)
{
	assert_null(worker_release(worker, ANSWER_CARD_REMOVED));
	main_turn_until(worker_count() == 0);
}

void shop_wait_for_end(int answer)
{
	main_turn_until(shop_told.ended != SHOP_NOT_YET);
	assert_int_equal(shop_told.ended, answer);
	assert_int_equal(worker_count(), 0);
}

struct job *shop_job(enum job_kind kind, const char *caller, const char *pin)
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

struct job *shop_sign_job(const char *caller, const char *inputs)
{
	struct job *job = shop_job(JOB_SIGN, caller, "1234");

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

const struct shop_record *shop_run(struct worker *worker, struct job *job)
{
	const size_t before = shop_record_count;

	worker_submit(worker, job);
	main_turn_until(shop_record_count > before);
	return &shop_records[before];
}

void shop_submit_tries(struct worker *worker, const char *callers)
{
	for (; *callers; callers++) {
		const char caller[] = { *callers, '\0' };

		worker_submit(worker, shop_job(JOB_READ_TRIES, caller, NULL));
	}
}

void shop_assert_journal(const char *journal)
{
	main_turn_until(strlen(fake_journal()) >= strlen(journal));
	assert_string_equal(fake_journal(), journal);
}

int shop_set_up(void **state)
{
	shop_reset();
	return state_set_up(state);
}

static bool journal_ends_with(const char *steps)
{
	const char *journal = fake_journal();
	const size_t length = strlen(journal);

	return length >= strlen(steps) && strcmp(journal + length - strlen(steps), steps) == 0;
}

int shop_set_up_found(void **state)
{
	const int r = shop_set_up(state);
	struct worker *worker = shop_find(true, false);

	shop_run(worker, shop_job(JOB_READ_CERTIFICATE, "", NULL));
	main_turn_until(journal_ends_with("SELECT READ end"));
	shop_record_count = 0;
	fake_reset();
	*state = worker;
	return r;
}

int shop_tear_down(void **state)
{
	if (worker_count() > 0)
		shop_release(shop_worker);
	return state_tear_down(state);
}
