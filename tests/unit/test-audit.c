/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of a job that has come back, by how it came out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/audit.h"
#include "tests/unit/script.h"

enum {
	ALICE = 1000,
	CALLER = 4711,
	HELD_UNTIL = 86400,
};

static struct {
	unsigned int count;
	int level;
	struct log_fields fields;
	char line[LOG_LINE_SIZE];
} told;

static void keep(int level, const struct log_fields *fields, const char *line)
{
	told.count++;
	told.level = level;
	told.fields = *fields;
	strncpy(told.line, line, sizeof(told.line) - 1);
}

static int set_up(void **state)
{
	memset(&told, 0, sizeof(told));
	setenv("TZ", "UTC", 1);
	log_set_level(LOG_INFO);
	log_set_sink(keep);
	return 0;
}

static struct job *job_back(enum job_kind kind, const char *operation, int result)
{
	static const struct rules rules = { .reserve = 1 };
	struct job *job = job_new(kind, JPKI_AUTH, ":1.1", &rules);

	assert_non_null(job);
	job->with_pin = kind != JOB_RESET_PIN && kind != JOB_READ_TRIES;
	job->operation = operation;
	job->reader = "Reader";
	job->scheme = "rsa-pkcs1-sha256";
	job->uid = ALICE;
	job->pid = CALLER;
	job->back = true;
	job->result = result;
	return job;
}

static void set_tries(struct job *job, int tries)
{
	job->has_tries = true;
	job->tries = tries;
}

static struct job *job_sent(enum job_kind kind, const char *operation, int result)
{
	struct job *job = job_back(kind, operation, result);

	job->sent = job->may_be_open = true;
	return job;
}

static struct job *job_verified(enum job_kind kind, const char *operation, int result)
{
	struct job *job = job_sent(kind, operation, result);

	job->verified = true;
	set_tries(job, 3);
	return job;
}

static struct job *job_signed(size_t count, size_t made, int result)
{
	struct job *job = job_verified(JOB_SIGN, "SignMany", result);

	job->input_count = count;
	job->inputs = calloc(count, sizeof(*job->inputs));
	job->signatures = calloc(count, sizeof(*job->signatures));
	assert_true(job->inputs && job->signatures);
	for (size_t i = 0; i < made; i++)
		job->signatures[i].bytes = calloc(1, 1);
	return job;
}

/* Also frees the job. */
static void assert_told(struct job *job, int level, enum log_event event, const char *line)
{
	const unsigned int before = told.count;

	audit_job(job);
	assert_int_equal(told.count, before + 1);
	assert_string_equal(told.line, line);
	assert_int_equal(told.level, level);
	assert_int_equal(told.fields.event, event);
	assert_string_equal(told.fields.operation, job->operation);
	assert_string_equal(told.fields.reader, "Reader");
	assert_string_equal(told.fields.applet, "auth");
	assert_true(told.fields.has_caller);
	assert_int_equal(told.fields.caller_uid, ALICE);
	assert_int_equal(told.fields.caller_pid, CALLER);
	job_free(job);
}

static void assert_silent(struct job *job)
{
	const unsigned int before = told.count;

	audit_job(job);
	assert_int_equal(told.count, before);
	job_free(job);
}

static void a_use_of_a_key_is_told_with_its_scheme_and_how_many_signatures(void **state)
{
	assert_told(job_signed(3, 3, 0), LOG_NOTICE, EVENT_KEY_USED,
		    "Reader: 3 of 3 signatures with the auth key, rsa-pkcs1-sha256 "
		    "(SignMany by user 1000, process 4711)");
	assert_null(told.fields.error);
	assert_int_equal(told.fields.tries_left, 3);
}

static void a_use_of_a_key_is_told_where_the_card_was_pulled_after_the_verify(void **state)
{
	assert_told(job_signed(3, 2, ANSWER_CARD_REMOVED), LOG_NOTICE, EVENT_KEY_USED,
		    "Reader: 2 of 3 signatures with the auth key, rsa-pkcs1-sha256; "
		    "org.jpkid1.Error.CardRemoved (SignMany by user 1000, process 4711)");
	assert_told(job_signed(1, 0, ANSWER_READER_ERROR), LOG_NOTICE, EVENT_KEY_USED,
		    "Reader: 0 of 1 signatures with the auth key, rsa-pkcs1-sha256; "
		    "org.jpkid1.Error.ReaderError (SignMany by user 1000, process 4711)");
	assert_string_equal(told.fields.error, "org.jpkid1.Error.ReaderError");
}

static void what_was_done_with_a_right_pin_is_told(void **state)
{
	assert_told(job_verified(JOB_VERIFY_PIN, "VerifyPin", 0), LOG_NOTICE, EVENT_PIN_VERIFIED,
		    "Reader: the auth PIN was right (VerifyPin by user 1000, process 4711)");
	assert_told(job_verified(JOB_CHANGE_PIN, "ChangePin", 0), LOG_NOTICE, EVENT_PIN_CHANGED,
		    "Reader: the auth PIN was changed (ChangePin by user 1000, process 4711)");
	assert_told(job_verified(JOB_CHANGE_PIN, "ChangePin", ANSWER_CARD_ERROR), LOG_NOTICE, EVENT_PIN_VERIFIED,
		    "Reader: the auth PIN was right; org.jpkid1.Error.CardError "
		    "(ChangePin by user 1000, process 4711)");
	assert_told(job_verified(JOB_CHANGE_PIN, "ChangePin", ANSWER_OUTCOME_UNKNOWN), LOG_WARNING,
		    EVENT_OUTCOME_UNKNOWN,
		    "Reader: the card has not answered, so what became of the auth PIN is not known; "
		    "org.jpkid1.Error.OutcomeUnknown (ChangePin by user 1000, process 4711)");
	assert_told(job_sent(JOB_RESET_PIN, "ResetPin", 0), LOG_NOTICE, EVENT_PIN_RESET,
		    "Reader: the auth PIN was reset (ResetPin by user 1000, process 4711)");
}

static void a_try_that_was_spent_is_told_each_time(void **state)
{
	for (int tries = 2; tries >= 1; tries--) {
		struct job *job = job_sent(JOB_VERIFY_PIN, "VerifyPin", ANSWER_PIN_INCORRECT);
		char line[128];

		set_tries(job, tries);
		job->sw = (uint16_t)(0x63C0 + tries);
		snprintf(line, sizeof(line),
			 "Reader: the auth PIN was wrong, tries left: %d; org.jpkid1.Error.PinIncorrect "
			 "(VerifyPin by user 1000, process 4711)",
			 tries);
		assert_told(job, LOG_WARNING, EVENT_PIN_INCORRECT, line);
		assert_true(told.fields.has_tries);
		assert_int_equal(told.fields.tries_left, tries);
		assert_int_equal(told.fields.sw, 0x63C0 + tries);
	}
}

static void the_last_try_that_was_spent_is_told_as_what_locked_the_pin(void **state)
{
	struct job *job = job_sent(JOB_VERIFY_PIN, "VerifyPin", ANSWER_PIN_LOCKED);

	set_tries(job, 0);
	assert_told(job, LOG_WARNING, EVENT_PIN_LOCKED,
		    "Reader: the auth PIN was wrong and is locked now; org.jpkid1.Error.PinLocked "
		    "(VerifyPin by user 1000, process 4711)");
	assert_true(told.fields.has_tries);
	assert_int_equal(told.fields.tries_left, 0);
}

static void of_a_wrong_reset_code_its_own_tries_are_told(void **state)
{
	struct job *job = job_sent(JOB_RESET_PIN, "ResetPin", ANSWER_PIN_INCORRECT);

	set_tries(job, 0);
	job->code_tries = 9;
	assert_told(job, LOG_WARNING, EVENT_PIN_INCORRECT,
		    "Reader: the reset code of the auth PIN was wrong, tries left: 9; "
		    "org.jpkid1.Error.PinIncorrect (ResetPin by user 1000, process 4711)");
	assert_int_equal(told.fields.tries_left, 9);
}

static struct job *job_held_off(uid_t uid, pid_t pid, const char *operation, time_t until)
{
	struct job *job = job_back(JOB_VERIFY_PIN, operation, ANSWER_HELD_OFF);

	job->uid = uid;
	job->pid = pid;
	job->held_until = until;
	return job;
}

static void who_is_held_off_is_told_once_however_often_and_from_wherever_it_asks(void **state)
{
	assert_told(job_held_off(ALICE, CALLER, "VerifyPin", HELD_UNTIL), LOG_NOTICE, EVENT_HELD_OFF,
		    "Reader: the auth PIN was wrong too often, so user 1000 has to wait until 1970-01-02 00:00:00");
	for (int i = 0; i < 1000; i++)
		assert_silent(job_held_off(ALICE, i, i % 2 ? "Sign" : "ChangePin", HELD_UNTIL));
	assert_told(job_held_off(ALICE, CALLER, "VerifyPin", HELD_UNTIL + 600), LOG_NOTICE, EVENT_HELD_OFF,
		    "Reader: the auth PIN was wrong too often, so user 1000 has to wait until 1970-01-02 00:10:00");
	for (uid_t uid = ALICE + 1; uid < ALICE + 10000; uid++) {
		struct job *job = job_held_off(uid, CALLER, "VerifyPin", HELD_UNTIL);

		audit_job(job);
		job_free(job);
	}
	assert_int_equal(told.count, LOG_RARE_MAX);
}

static void a_pin_that_was_locked_before_is_told_once(void **state)
{
	struct job *job = job_back(JOB_VERIFY_PIN, "VerifyPin", ANSWER_PIN_LOCKED);

	set_tries(job, 0);
	assert_told(job, LOG_NOTICE, EVENT_PIN_LOCKED,
		    "Reader: the auth PIN is locked, and user 1000 has asked for it");
	assert_silent(job_back(JOB_SIGN, "Sign", ANSWER_PIN_LOCKED));
}

static void what_cost_nothing_is_for_debugging_only(void **state)
{
	static const int answers[] = { ANSWER_PIN_INCORRECT, ANSWER_LAST_TRY, ANSWER_TRIES_CHANGED,
				       ANSWER_PIN_REQUIRED, ANSWER_CARD_REMOVED, ANSWER_CARD_ERROR, -5 };

	for (size_t i = 0; i < LENGTH_OF(answers); i++)
		assert_silent(job_back(JOB_VERIFY_PIN, "VerifyPin", answers[i]));
	log_set_level(LOG_DEBUG);
	assert_told(job_back(JOB_VERIFY_PIN, "VerifyPin", ANSWER_LAST_TRY), LOG_DEBUG, EVENT_NONE,
		    "Reader: failed; org.jpkid1.Error.LastTry (VerifyPin by user 1000, process 4711)");
	assert_told(job_back(JOB_VERIFY_PIN, "VerifyPin", -5), LOG_DEBUG, EVENT_NONE,
		    "Reader: failed; org.freedesktop.DBus.Error.Failed (VerifyPin by user 1000, process 4711)");
}

static void a_verify_that_the_card_refused_is_told_because_it_counts(void **state)
{
	struct job *job = job_sent(JOB_VERIFY_PIN, "VerifyPin", ANSWER_CARD_ERROR);

	job->sw = 0x6700;
	assert_told(job, LOG_WARNING, EVENT_NONE,
		    "Reader: failed; org.jpkid1.Error.CardError (VerifyPin by user 1000, process 4711)");
	assert_int_equal(told.fields.sw, 0x6700);
}

static void what_needs_no_pin_and_what_was_called_off_is_not_told(void **state)
{
	static const enum job_kind kinds[] = { JOB_READ_CERTIFICATE, JOB_READ_TRIES, JOB_CHECK_PIN,
					       JOB_VERIFY_PIN, JOB_SIGN, JOB_CHANGE_PIN, JOB_RESET_PIN };

	log_set_level(LOG_DEBUG);
	for (size_t i = 0; i < LENGTH_OF(kinds); i++)
		assert_silent(job_back(kinds[i], "", 0));
}

static void assert_given_up(struct job *job, unsigned int lines)
{
	told.count = 0;
	job_give_up(job);
	assert_int_equal(told.count, lines);
	job_free(job);
}

static void a_card_that_never_answers_leaves_a_line_if_it_may_have_the_pin(void **state)
{
	struct job *verifying = job_back(JOB_SIGN, "Sign", 0), *signing = job_back(JOB_SIGN, "Sign", 0);

	assert_true(job_claim(verifying) && job_begin_verify(verifying));
	assert_given_up(verifying, 1);
	assert_true(job_claim(signing));
	signing->sent = true;
	assert_given_up(signing, 1);
	assert_int_equal(told.level, LOG_WARNING);
	assert_int_equal(told.fields.event, EVENT_OUTCOME_UNKNOWN);
	assert_string_equal(told.line, "Reader: the card has not answered, so what became of the auth PIN is not "
				       "known (Sign by user 1000, process 4711)");
}

static void a_card_that_never_answers_leaves_no_line_if_it_has_no_pin(void **state)
{
	struct job *claimed = job_back(JOB_SIGN, "Sign", 0);

	assert_given_up(job_back(JOB_SIGN, "Sign", 0), 0);
	assert_true(job_claim(claimed));
	assert_given_up(claimed, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_use_of_a_key_is_told_with_its_scheme_and_how_many_signatures),
		TEST(a_use_of_a_key_is_told_where_the_card_was_pulled_after_the_verify),
		TEST(what_was_done_with_a_right_pin_is_told),
		TEST(a_try_that_was_spent_is_told_each_time),
		TEST(the_last_try_that_was_spent_is_told_as_what_locked_the_pin),
		TEST(of_a_wrong_reset_code_its_own_tries_are_told),
		TEST(who_is_held_off_is_told_once_however_often_and_from_wherever_it_asks),
		TEST(a_pin_that_was_locked_before_is_told_once),
		TEST(what_cost_nothing_is_for_debugging_only),
		TEST(a_verify_that_the_card_refused_is_told_because_it_counts),
		TEST(what_needs_no_pin_and_what_was_called_off_is_not_told),
		TEST(a_card_that_never_answers_leaves_a_line_if_it_may_have_the_pin),
		TEST(a_card_that_never_answers_leaves_no_line_if_it_has_no_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
