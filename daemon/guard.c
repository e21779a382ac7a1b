/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guard.h"

#include <errno.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"

void guard_clear(struct guard *guard)
{
	for (int i = 0; i < LEDGER_SECRET_COUNT; i++)
		guard->refused[i] = secret_free(guard->refused[i]);
	guard->key = secret_free(guard->key);
}

/* --- whose PIN, of which card ------ */

static enum ledger_secret pin_of(const struct job *job)
{
	return job->applet == JPKI_SIGN ? LEDGER_SIGN_PIN : LEDGER_AUTH_PIN;
}

/* What the job's try is one of. */
static enum ledger_secret guessed_at(const struct job *job)
{
	return job->kind == JOB_RESET_PIN ? LEDGER_RESET_CODE : pin_of(job);
}

/* A certificate that the job is to bring back anyway need not be read twice. */
static void keep_certificate(struct job *job, enum jpki_applet applet, enum jpki_certificate which,
			     struct job_bytes *certificate)
{
	if (job->needs_certificate && job->applet == applet && job->which == which) {
		job->certificate = *certificate;
		certificate->bytes = NULL;
	}
}

static int know_card(struct guard *guard, const void *bytes, size_t length)
{
	int r = digest_sha256(bytes, length, guard->ledger.card);

	guard->knows_card = r == 0;
	return r;
}

static int identify_by(struct guard *guard, struct jpki *jpki, struct job *job,
		       enum jpki_applet applet, enum jpki_certificate which)
{
	struct job_bytes certificate = { 0 };
	int r = jpki_read_certificate(jpki, applet, which, &certificate.bytes,
				      &certificate.length);

	if (r != 0)
		return r;
	r = know_card(guard, certificate.bytes, certificate.length);
	keep_certificate(job, applet, which, &certificate);
	free(certificate.bytes);
	return r;
}

static bool has_none(int answer)
{
	return answer == ANSWER_PIN_REQUIRED || answer == ANSWER_NO_CERTIFICATE ||
	       answer == ANSWER_CERTIFICATE_UNREADABLE;
}

/* By what can be read without a PIN: of a phone only the issuers, which many phones share. */
static int identify(struct guard *guard, struct jpki *jpki, struct job *job)
{
	static const struct {
		enum jpki_applet applet;
		enum jpki_certificate which;
	} certificates[] = {
		{ JPKI_AUTH, JPKI_HOLDER_CERTIFICATE },
		{ JPKI_AUTH, JPKI_ISSUER_CERTIFICATE },
		{ JPKI_SIGN, JPKI_ISSUER_CERTIFICATE },
	};
	int r = ANSWER_NO_CERTIFICATE;

	for (size_t i = 0; has_none(r) && i < LENGTH_OF(certificates); i++)
		r = identify_by(guard, jpki, job, certificates[i].applet, certificates[i].which);
	return has_none(r) ? know_card(guard, "", 0) : r;
}

void guard_learn(struct guard *guard, const struct job *job)
{
	if (!guard->knows_card && !job->with_pin && job->certificate.bytes &&
	    job->applet == JPKI_AUTH && job->which == JPKI_HOLDER_CERTIFICATE)
		know_card(guard, job->certificate.bytes, job->certificate.length);
}

/* --- what the card has just refused ------ */

static int digest_pin(struct guard *guard, const struct secret *pin, struct secret **ret_digest)
{
	if (!guard->key) {
		CLEANUP(secret_freep) struct secret *key = secret_new(DIGEST_LENGTH);

		if (!key)
			return -ENOMEM;
		if (getrandom(key->bytes, DIGEST_LENGTH, 0) != DIGEST_LENGTH)
			return -EIO;
		key->length = DIGEST_LENGTH;
		guard->key = TAKE(key);
	}
	return digest_keyed(guard->key, pin, ret_digest);
}

/* A lease is of the PIN that held when it was given. */
static int check_lease(const struct guard *guard, const struct job *job)
{
	if (!job->from_lease || job->pin_number == guard->pin_numbers[job->applet])
		return 0;
	return ANSWER_PIN_REQUIRED;
}

/* ANSWER_PIN_INCORRECT: it is known to be wrong. */
static int check_refused(struct guard *guard, const struct job *job)
{
	CLEANUP(secret_freep) struct secret *digest = NULL;
	const struct secret *refused = guard->refused[guessed_at(job)];
	int r;

	if (!job->pin || !refused)
		return 0;
	r = digest_pin(guard, job->pin, &digest);
	if (r < 0)
		return r;
	return secret_equal(digest, refused) ? ANSWER_PIN_INCORRECT : 0;
}

static void forget_refused(struct guard *guard, enum ledger_secret what)
{
	guard->refused[what] = secret_free(guard->refused[what]);
}

/* Without memory for it the PIN is asked about again, which costs a try, as any other does. */
static void remember_refused(struct guard *guard, const struct job *job)
{
	const enum ledger_secret what = guessed_at(job);

	forget_refused(guard, what);
	if (job->pin && digest_pin(guard, job->pin, &guard->refused[what]) < 0)
		log_warning("A PIN that was refused cannot be remembered; the same one again would "
			    "cost a try.");
}

/* --- the counter ------ */

static void set_tries(struct job *job, int tries)
{
	job->has_tries = tries != JPKI_TRIES_UNKNOWN;
	job->tries = tries;
}

/* Somebody's verified state hides the counter. */
static int read_hidden_tries(struct jpki *jpki, struct job *job, int *ret_tries)
{
	int answer;

	job->may_be_open = true;
	answer = jpki_clear(jpki);
	if (answer == 0)
		answer = jpki_select(jpki);
	if (answer == 0)
		answer = jpki_tries(jpki, job->applet, ret_tries);
	return answer;
}

int guard_read_tries(struct jpki *jpki, struct job *job)
{
	int tries = JPKI_TRIES_UNKNOWN;
	int answer = jpki_tries(jpki, job->applet, &tries);

	if (answer == 0 && tries == JPKI_TRIES_UNKNOWN)
		answer = read_hidden_tries(jpki, job, &tries);
	if (answer != 0)
		return answer;

	set_tries(job, tries);
	return tries == JPKI_TRIES_UNKNOWN ? ANSWER_CARD_ERROR : 0;
}

static int check_tries(const struct job *job, int tries, bool is_refused)
{
	if (tries == JPKI_TRIES_UNKNOWN)
		return ANSWER_CARD_ERROR;
	if (tries == 0)
		return ANSWER_PIN_LOCKED;
	if (is_refused)
		return ANSWER_PIN_INCORRECT;
	if (job->has_expected_tries && job->expected_tries != (uint32_t)tries)
		return ANSWER_TRIES_CHANGED;
	if ((unsigned int)tries <= job->rules.reserve && !job->allow_last_try)
		return ANSWER_LAST_TRY;
	return 0;
}

static int check_counter(struct jpki *jpki, struct job *job, bool is_refused)
{
	const bool is_code = job->kind == JOB_RESET_PIN;
	int answer = is_code ? jpki_reset_tries(jpki, job->applet, &job->code_tries) :
			       guard_read_tries(jpki, job);

	if (answer != 0)
		return answer;
	return check_tries(job, is_code ? job->code_tries : job->tries, is_refused);
}

int guard_check(struct guard *guard, struct jpki *jpki, struct job *job)
{
	int answer = guard->ledger.directory < 0 ? guard->ledger.directory : 0;

	if (answer == 0 && !guard->knows_card)
		answer = identify(guard, jpki, job);
	if (answer == 0)
		answer = ledger_check(&guard->ledger, &job->rules, guessed_at(job), job->uid,
				      time(NULL), &job->held_until);
	if (answer == 0)
		answer = check_lease(guard, job);
	if (answer == 0)
		answer = check_refused(guard, job);
	/* Who repeats a wrong one is told what is left now: others may have the card, too. */
	if (answer == 0 || answer == ANSWER_PIN_INCORRECT)
		answer = check_counter(jpki, job, answer != 0);
	return answer;
}

/* --- what spends a try ------ */

static enum ledger_outcome outcome_of(const struct job *job, int answer)
{
	if (answer < 0)
		return LEDGER_NOT_SENT;
	switch (answer) {
	case 0:
		/* Nobody has typed what a lease sends, and guesses may go on beside it. */
		return job->from_lease ? LEDGER_NOT_SENT : LEDGER_RIGHT;
	case ANSWER_DISMISSED:
	case ANSWER_TIMEOUT:
	case ANSWER_PIN_FORMAT:
		return LEDGER_NOT_SENT;
	default:
		/* Also a command that the card refused, since cards differ in what they count. */
		return LEDGER_WRONG;
	}
}

/* Notes on disk that a try is about to be spent, lets @send do so, and notes what came out. */
static int spend(struct guard *guard, struct jpki *jpki, struct job *job,
		 int (*send)(struct jpki *jpki, struct job *job))
{
	struct ledger_intent intent;
	int answer = ledger_begin(&guard->ledger, guessed_at(job), job->uid, time(NULL), &intent);

	if (answer < 0)
		return answer;
	if (!job_begin_verify(job)) {
		ledger_settle(&guard->ledger, &intent, LEDGER_NOT_SENT, time(NULL));
		return ANSWER_CANCELLED;
	}

	job->may_be_open = true;
	job->sent = true;
	answer = send(jpki, job);
	/* What fails here counts as wrong, and the ledger has said so in the log. */
	ledger_settle(&guard->ledger, &intent, outcome_of(job, answer), time(NULL));
	if (answer != ANSWER_OUTCOME_UNKNOWN)
		job_end_verify(job);
	return answer;
}

/* A card that does not say what is left has one less than before. */
static int refused_with(int before, int tries, int *ret_tries)
{
	*ret_tries = tries == JPKI_TRIES_UNKNOWN ? before - 1 : tries;
	return *ret_tries == 0 ? ANSWER_PIN_LOCKED : ANSWER_PIN_INCORRECT;
}

static bool is_wrong(int answer)
{
	return answer == ANSWER_PIN_INCORRECT || answer == ANSWER_PIN_LOCKED;
}

/* What was typed at the pad and did not reach the card, or only as a query, cost nothing. */
static int check_pad(struct jpki *jpki, struct job *job, int before, int answer)
{
	int counted = guard_read_tries(jpki, job);

	if (counted != 0)
		return ANSWER_OUTCOME_UNKNOWN;
	if (job->tries < before)
		return refused_with(before, job->tries, &job->tries);
	return is_wrong(answer) ? ANSWER_DISMISSED : answer;
}

static int verify(struct jpki *jpki, struct job *job)
{
	const int before = job->tries;
	int tries = JPKI_TRIES_UNKNOWN;
	int answer = jpki_verify(jpki, job->applet, job->pin, &tries);

	if (answer == 0) {
		/* A right PIN fills the counter again. */
		set_tries(job, (int)jpki_tries_max(job->applet));
		job->verified = true;
		return 0;
	}
	if (!job->pin && answer != ANSWER_OUTCOME_UNKNOWN)
		return check_pad(jpki, job, before, answer);
	if (is_wrong(answer))
		return refused_with(before, tries, &job->tries);
	/* Whether a card that refuses counts as well, only its counter tells. */
	set_tries(job, JPKI_TRIES_UNKNOWN);
	return answer;
}

int guard_verify(struct guard *guard, struct jpki *jpki, struct job *job)
{
	int answer = guard_check(guard, jpki, job);

	if (answer != 0)
		return answer;
	answer = spend(guard, jpki, job, verify);
	if (answer == 0) {
		forget_refused(guard, pin_of(job));
		job->pin_number = guard->pin_numbers[job->applet];
	} else if (is_wrong(answer)) {
		remember_refused(guard, job);
		/* Then another program has changed it, and other leases are of the same. */
		if (job->from_lease)
			guard->pin_numbers[job->applet]++;
	}
	/* A PIN that is about to be replaced is wrong then. */
	if (answer != 0 || job->kind != JOB_CHANGE_PIN)
		job->pin = secret_free(job->pin);
	return answer;
}

int guard_change(struct guard *guard, struct jpki *jpki, struct job *job)
{
	int answer;

	if (!job_begin_verify(job))
		return ANSWER_CANCELLED;
	answer = jpki_change(jpki, job->applet, job->new_pin);
	if (answer == 0) {
		remember_refused(guard, job);
		guard->pin_numbers[job->applet]++;
	}
	job->pin = secret_free(job->pin);
	job->new_pin = secret_free(job->new_pin);
	if (answer != ANSWER_OUTCOME_UNKNOWN)
		job_end_verify(job);
	else
		set_tries(job, JPKI_TRIES_UNKNOWN);
	if (answer != 0)
		return answer;

	/* It has changed, whatever the counter says. */
	set_tries(job, JPKI_TRIES_UNKNOWN);
	guard_read_tries(jpki, job);
	return 0;
}

static int reset(struct jpki *jpki, struct job *job)
{
	const int before = job->code_tries;
	int tries = JPKI_TRIES_UNKNOWN;
	int answer = jpki_reset(jpki, job->applet, job->pin, job->new_pin, &tries);

	if (is_wrong(answer))
		return refused_with(before, tries, &job->code_tries);
	job->code_tries = JPKI_TRIES_UNKNOWN;
	return answer;
}

/* Who has reset a PIN has not guessed at it. */
static void forgive(struct guard *guard, const struct job *job)
{
	struct ledger_intent intent;

	if (ledger_begin(&guard->ledger, pin_of(job), job->uid, time(NULL), &intent) == 0)
		ledger_settle(&guard->ledger, &intent, LEDGER_RIGHT, time(NULL));
}

int guard_reset(struct guard *guard, struct jpki *jpki, struct job *job)
{
	int answer = guard_check(guard, jpki, job);

	if (answer != 0)
		return answer;
	answer = spend(guard, jpki, job, reset);
	if (answer == 0) {
		forget_refused(guard, LEDGER_RESET_CODE);
		forget_refused(guard, pin_of(job));
		guard->pin_numbers[job->applet]++;
		forgive(guard, job);
	} else if (is_wrong(answer)) {
		remember_refused(guard, job);
	}
	job->pin = secret_free(job->pin);
	job->new_pin = secret_free(job->new_pin);
	/* Elsewhere the word with which the card refused is to stay the last one. */
	if (answer == 0 || is_wrong(answer))
		guard_read_tries(jpki, job);
	return answer;
}
