/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "client/jpkid-agent/pinentry.h"
#include "client/label.h"
#include "client/language.h"

enum {
	ENTRIES_MAX = 5, /* a pinentry that answers by itself shall not keep us busy */
};

/* --- words ------ */

static const struct label *label_of(const struct prompt *prompt)
{
	return label_find(prompt->question->applet);
}

/* A copy of what others say, which some programs would take for markup. NULL: no memory. */
static char *copy_foreign(const char *text)
{
	char *copy = malloc(strlen(text) * strlen("‹") + 1), *end = copy;

	for (; copy && *text; text++) {
		if (*text == '<')
			end = stpcpy(end, "‹");
		else if (*text == '>')
			end = stpcpy(end, "›");
		else
			*end++ = *text;
	}
	if (copy)
		*end = '\0';
	return copy;
}

/* --- one question ------ */

static void write_caller(const struct prompt *prompt, FILE *stream)
{
	const char *text = prompt->question->reason;
	CLEANUP(freep) char *caller = copy_foreign(prompt->caller ? prompt->caller :
								    _("not known"));
	CLEANUP(freep) char *reason = text ? copy_foreign(text) : NULL;

	fputc('\n', stream);
	if (caller)
		fprintf(stream, _("Asking program (not verified): %s"), caller);
	if (!reason)
		return;
	fputc('\n', stream);
	fprintf(stream, _("Its reason, in its own words: %s"), reason);
}

/* What others say comes last: pinentry.h cuts what is too long. */
static void write_request(const struct prompt *prompt, FILE *stream)
{
	const int32_t tries = prompt->question->tries_left;

	fprintf(stream, "%s\n", _(label_of(prompt)->enter));
	if (tries == 1)
		fputs(_("This is the last try: a wrong entry will lock it."), stream);
	else
		fprintf(stream, _("%d wrong entries will lock it."), tries);
	fputc('\n', stream);
	write_caller(prompt, stream);
}

static void write_consent(const struct prompt *prompt, FILE *stream)
{
	char advice[ADVICE_TEXT_SIZE];

	fprintf(stream, "%s\n%s\n%s\n%s\n", _(label_of(prompt)->last_try),
		_("If it becomes locked:"), advice_text(prompt->advice, label_of(prompt), advice),
		_("Use the last try?"));
	write_caller(prompt, stream);
}

/* The caller's to free; NULL: no memory. */
static char *description(const struct prompt *prompt,
			 void (*write)(const struct prompt *prompt, FILE *stream))
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	write(prompt, stream);
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

static int fail_memory(void)
{
	log_error(_("No memory is left to ask for a PIN, or none can be locked."));
	return -ENOMEM;
}

/* Whole seconds that are left; 0: too late. */
static unsigned int seconds_left(const struct prompt *prompt)
{
	const uint64_t now = clock_microseconds(CLOCK_MONOTONIC);

	return now < prompt->deadline ? (unsigned int)((prompt->deadline - now) / USEC_PER_SEC) : 0;
}

static int ask_consent(const struct prompt *prompt, struct pinentry *pinentry)
{
	CLEANUP(freep) char *text = description(prompt, write_consent);
	const struct dialog dialog = {
		.title = _("My Number Card"),
		.description = text,
		.ok = _("Use the last try"),
		.cancel = _("Do not use it"),
		.timeout = seconds_left(prompt),
	};

	if (!text)
		return fail_memory();
	return dialog.timeout > 0 ? pinentry_confirm(pinentry, &dialog) : ANSWER_DISMISSED;
}

static bool is_letter_or_digit(uint8_t byte, bool digits_only)
{
	if (byte >= '0' && byte <= '9')
		return true;
	return !digits_only && ((byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'));
}

static bool can_be_pin(const struct agent_question *question, const struct secret *secret)
{
	const bool digits_only = strcmp(question->applet, "auth") == 0;

	for (size_t i = 0; i < secret->length; i++)
		if (!is_letter_or_digit(secret->bytes[i], digits_only))
			return false;
	return secret->length >= question->length_min && secret->length <= question->length_max;
}

/* @error: what was wrong with the answer before; NULL: nothing. */
static int ask_pin_once(const struct prompt *prompt, struct pinentry *pinentry, const char *error,
			struct secret **ret_secret)
{
	CLEANUP(freep) char *text = description(prompt, write_request);
	/* One more, to see what is too long. */
	CLEANUP(secret_freep)
	struct secret *secret = secret_new((size_t)prompt->question->length_max + 1);
	const struct dialog dialog = {
		.title = _("My Number Card"),
		.description = text,
		.error = error,
		.prompt = _("PIN:"),
		.ok = _("OK"),
		.cancel = _("Cancel"),
		.timeout = seconds_left(prompt),
	};
	int r;

	if (!text || !secret)
		return fail_memory();
	if (dialog.timeout == 0)
		return ANSWER_DISMISSED;
	r = pinentry_ask(pinentry, &dialog, secret);
	if (r == 0)
		*ret_secret = TAKE(secret);
	return r;
}

static int ask_pin(const struct prompt *prompt, struct pinentry *pinentry, struct secret **ret_pin)
{
	const char *error = NULL;

	for (int i = 0; i < ENTRIES_MAX; i++) {
		CLEANUP(secret_freep) struct secret *secret = NULL;
		int r = ask_pin_once(prompt, pinentry, error, &secret);

		if (r != 0)
			return r;
		if (can_be_pin(prompt->question, secret)) {
			*ret_pin = TAKE(secret);
			return 0;
		}
		error = _(label_of(prompt)->rule);
	}
	return ANSWER_DISMISSED;
}

int prompt_ask(const struct prompt *prompt, struct secret **ret_pin)
{
	CLEANUP(pinentry_closep) struct pinentry *pinentry = NULL;
	int r = pinentry_open(prompt->program, &pinentry);

	if (r == -ENOMEM)
		return fail_memory();
	if (r == 0 && prompt->question->tries_left == 1)
		r = ask_consent(prompt, pinentry);
	return r == 0 ? ask_pin(prompt, pinentry, ret_pin) : r;
}
