/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A worker over the card of tests/unit/fake-pcsc.h: jobs for it, and what the main thread is told. What it did is in
 * the journal of tests/unit/fake-steps.h.
 */
#pragma once

#include "daemon/worker.h"
#include "tests/unit/fake-main.h"
#include "tests/unit/fake-pcsc.h"
#include "tests/unit/fake-steps.h"

#define OPEN "open connect(Reader,exclusive)"
#define PROBE "begin SELECT READ READ end"

enum {
	SHOP_NOT_YET = -1000,
	SHOP_RECORDS_MAX = 8,
};

/* What the main thread was told of the worker. */
extern struct shop_told {
	bool found;
	struct session_finding finding;
	int ended; /* or SHOP_NOT_YET */
	unsigned int stuck;
} shop_told;

/* What a job came to. */
struct shop_record {
	char caller;
	int result;
	bool back;
	bool may_be_open;
	bool has_tries;
	int tries;
	uint16_t sw;
	size_t certificate_length;
	uint8_t signatures[SHOP_RECORDS_MAX]; /* the first byte of each */
	bool had_pin;
};

extern struct shop_record shop_records[SHOP_RECORDS_MAX];
extern size_t shop_record_count;

/* Nothing was told, no job is done, and the card is new. There must be no worker. */
void shop_reset(void);

/* For cmocka: no worker; or one that knows its card, with the journal behind that. It is the *state. */
int shop_set_up(void **state);
int shop_set_up_found(void **state);
/* Releases the worker if there is one. */
int shop_tear_down(void **state);

/* A worker begins; and finds its card. */
struct worker *shop_start(bool exclusive, bool may_be_open);
struct worker *shop_find(bool exclusive, bool may_be_open);

void shop_release(struct worker *worker);
void shop_wait_for_end(int answer);

/* Jobs of the auth PIN; @pin may be NULL. One that signs takes "1234", and each letter of @inputs is an input. */
struct job *shop_job(enum job_kind kind, const char *caller, const char *pin);
struct job *shop_sign_job(const char *caller, const char *inputs);

/* Until it is done. */
const struct shop_record *shop_run(struct worker *worker, struct job *job);

/* A JOB_READ_TRIES for each letter. */
void shop_submit_tries(struct worker *worker, const char *callers);

/* The callers of the jobs that are done, in that order. Lives until the next call. */
const char *shop_callers_done(void);

/* The worker comes to the end of @journal, as a job may be done before. */
void shop_assert_journal(const char *journal);
