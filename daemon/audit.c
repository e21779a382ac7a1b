/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "dbus/error.h"

enum {
	SECRET_NAME_SIZE = 64,
	TIME_SIZE = sizeof("2026-01-31 23:59:59"),
};

/* What the job was to do: who called what, and where. */
static struct log_fields fields_of(const struct job *job, enum log_event event)
{
	return (struct log_fields){
		.event = event,
		.operation = job->operation,
		.reader = job->reader,
		.applet = jpki_applet_name(job->applet),
		.has_caller = true,
		.caller_uid = job->uid,
		.caller_pid = job->pid,
	};
}

static bool is_wrong(const struct job *job)
{
	return job->result == ANSWER_PIN_INCORRECT || job->result == ANSWER_PIN_LOCKED;
}

static struct log_fields outcome_of(const struct job *job, enum log_event event)
{
	const bool of_code = job->kind == JOB_RESET_PIN && job->result != 0;
	struct log_fields fields = fields_of(job, event);

	if (job->result != 0)
		fields.error = error_name((enum answer)job->result);
	fields.tries_left = of_code ? job->code_tries : job->tries;
	fields.has_tries = of_code ? job->code_tries != JPKI_TRIES_UNKNOWN : job->has_tries;
	/* After a wrong code the card has been asked for the PIN's tries as well. */
	if ((is_wrong(job) && !of_code) || job->result == ANSWER_CARD_ERROR)
		fields.sw = job->sw;
	return fields;
}

__attribute__((format(printf, 4, 5))) static void
tell(const struct job *job, int level, const struct log_fields *fields, const char *format, ...)
{
	char text[LOG_LINE_SIZE] = "";
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_event(level, fields, "%s: %s%s%s (%s by user %u, process %d)", job->reader, text,
		  fields->error ? "; " : "", fields->error ? fields->error : "", job->operation,
		  job->uid, job->pid);
}

static const char *secret_name(const struct job *job, char name[static SECRET_NAME_SIZE])
{
	snprintf(name, SECRET_NAME_SIZE, "%s%s PIN",
		 job->kind == JOB_RESET_PIN ? "reset code of the " : "",
		 jpki_applet_name(job->applet));
	return name;
}

static void tell_signatures(const struct job *job)
{
	const struct log_fields fields = outcome_of(job, EVENT_KEY_USED);
	size_t made = 0;

	for (size_t i = 0; job->signatures && i < job->input_count; i++)
		made += job->signatures[i].bytes != NULL;
	tell(job, LOG_NOTICE, &fields, "%zu of %zu signatures with the %s key, %s", made,
	     job->input_count, jpki_applet_name(job->applet), job->scheme);
}

static void tell_unknown(const struct job *job, struct log_fields fields)
{
	char name[SECRET_NAME_SIZE];

	tell(job, LOG_WARNING, &fields,
	     "the card has not answered, so what became of the %s is not known",
	     secret_name(job, name));
}

static void tell_right(const struct job *job)
{
	const bool changed = job->kind == JOB_CHANGE_PIN && job->result == 0;
	const struct log_fields fields =
		outcome_of(job, changed ? EVENT_PIN_CHANGED : EVENT_PIN_VERIFIED);

	tell(job, LOG_NOTICE, &fields, "the %s PIN was %s", jpki_applet_name(job->applet),
	     changed ? "changed" : "right");
}

static void tell_reset(const struct job *job)
{
	const struct log_fields fields = outcome_of(job, EVENT_PIN_RESET);

	tell(job, LOG_NOTICE, &fields, "the %s PIN was reset", jpki_applet_name(job->applet));
}

static void tell_wrong(const struct job *job)
{
	const bool locked = job->result == ANSWER_PIN_LOCKED;
	const struct log_fields fields =
		outcome_of(job, locked ? EVENT_PIN_LOCKED : EVENT_PIN_INCORRECT);
	char name[SECRET_NAME_SIZE];

	if (locked)
		tell(job, LOG_WARNING, &fields, "the %s was wrong and is locked now",
		     secret_name(job, name));
	else
		tell(job, LOG_WARNING, &fields, "the %s was wrong, tries left: %d",
		     secret_name(job, name), fields.tries_left);
}

static void tell_held_off(const struct job *job)
{
	const struct log_fields fields = outcome_of(job, EVENT_HELD_OFF);
	char name[SECRET_NAME_SIZE], until[TIME_SIZE] = "";
	struct tm local;

	if (localtime_r(&job->held_until, &local))
		strftime(until, sizeof(until), "%F %T", &local);
	log_rarely(LOG_NOTICE, &fields,
		   "%s: the %s was wrong too often, so user %u has to wait until %s", job->reader,
		   secret_name(job, name), job->uid, until);
}

static void tell_locked(const struct job *job)
{
	const struct log_fields fields = outcome_of(job, EVENT_PIN_LOCKED);
	char name[SECRET_NAME_SIZE];

	log_rarely(LOG_NOTICE, &fields, "%s: the %s is locked, and user %u has asked for it",
		   job->reader, secret_name(job, name), job->uid);
}

/* Nothing of note has reached the card, or a PIN with a command that it refused: that counts. */
static void tell_failure(const struct job *job)
{
	const struct log_fields fields = outcome_of(job, EVENT_NONE);
	const bool counts = job->sent && job->result == ANSWER_CARD_ERROR;

	tell(job, counts ? LOG_WARNING : LOG_DEBUG, &fields, "failed");
}

void audit_job(const struct job *job)
{
	if (job->result == ANSWER_OUTCOME_UNKNOWN)
		tell_unknown(job, outcome_of(job, EVENT_OUTCOME_UNKNOWN));
	else if (job->verified && job->kind == JOB_SIGN)
		tell_signatures(job);
	else if (job->verified)
		tell_right(job);
	else if (job->sent && job->result == 0)
		tell_reset(job);
	else if (job->sent && is_wrong(job))
		tell_wrong(job);
	else if (job->result == ANSWER_HELD_OFF)
		tell_held_off(job);
	else if (job->result == ANSWER_PIN_LOCKED)
		tell_locked(job);
	else if (job->result != 0)
		tell_failure(job);
}

void audit_given_up(const struct job *job)
{
	tell_unknown(job, fields_of(job, EVENT_OUTCOME_UNKNOWN));
}

void audit_lease(const struct job *job)
{
	const struct log_fields fields = fields_of(job, EVENT_LEASE_GIVEN);

	tell(job, LOG_NOTICE, &fields, "a lease of the %s PIN was given",
	     jpki_applet_name(job->applet));
}
