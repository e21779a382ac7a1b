/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "client/pinentry.h"
#include "client/text.h"

enum {
	ENTRIES_MAX = 5, /* a pinentry that answers by itself shall not keep us busy */
	USEC_PER_SEC = 1000 * 1000,
};

/* --- words ----------------------------------------------------------------------------------- */

static const struct language {
	const char *title;
	const char *enter[2]; /* around what is asked for */
	const char *tries[2]; /* around a number */
	const char *last_try;
	const char *caller, *unknown, *reason; /* before a name, instead of it, before a sentence */
	const char *prompt, *ok, *cancel;
	const char *consent[3]; /* around what is asked for, and where it can be reset */
	const char *use_last_try, *keep_last_try;
	struct {
		const char *what, *stores, *error;
	} kinds[LABEL_COUNT]; /* in the order of labels[] */
} japanese = {
	.title = "マイナンバーカード",
	.enter = { "", "を入力してください。\n" },
	.tries = { "あと", "回間違えるとロックされます。\n" },
	.last_try = "残り1回です。間違えるとロックされます。\n",
	.caller = "\n求めているプログラム(参考): ",
	.unknown = "不明",
	.reason = "\n理由(プログラムの申告): ",
	.prompt = "パスワード:",
	.ok = "OK",
	.cancel = "キャンセル",
	.consent = { "",
		     "は残り1回です。間違えるとロックされます。\n"
		     "ロックの解除には、市区町村の窓口か、アプリ「JPKI暗証番号リセット」と",
		     "の端末での手続きが必要です。\n最後の1回を使いますか?\n" },
	.use_last_try = "最後の1回を使う",
	.keep_last_try = "やめる",
	.kinds = {
		{ "利用者証明用電子証明書のパスワード(数字4桁)",
		  "セブン-イレブンまたはイオングループの店舗",
		  "パスワードは数字4桁です。カードには何も送っていません。" },
		{ "署名用電子証明書のパスワード(英数字6〜16文字)", "コンビニエンスストア",
		  "パスワードは半角の英数字6〜16文字です。カードには何も送っていません。" },
	},
}, english = {
	.title = "My Number Card",
	.enter = { "Enter the ", ".\n" },
	.tries = { "", " wrong entries will lock it.\n" },
	.last_try = "This is the last try: a wrong entry will lock it.\n",
	.caller = "\nProgram that asks (for show only): ",
	.unknown = "not known",
	.reason = "\nReason, as the program says: ",
	.prompt = "Password:",
	.ok = "OK",
	.cancel = "Cancel",
	.consent = { "One try is left of the ",
		     ". A wrong entry will lock it.\nIt can then be unlocked at the municipal "
		     "window only; or with the app 「JPKI暗証番号リセット」 and a terminal in a ",
		     ".\nUse the last try?\n" },
	.use_last_try = "Use the last try",
	.keep_last_try = "Keep it",
	.kinds = {
		{ "password of the user authentication certificate (利用者証明用, 4 digits)",
		  "Seven-Eleven or AEON group store",
		  "It is 4 digits. Nothing was sent to the card." },
		{ "password of the digital signature certificate (署名用, 6 to 16 letters and "
		  "digits)",
		  "convenience store",
		  "It is 6 to 16 letters A-Z and digits. Nothing was sent to the card." },
	},
};

/* That of messages, as setlocale(3) has it; the locale itself need not be installed. */
static const struct language *language_of_session(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < LENGTH_OF(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return strncmp(value, "ja", strlen("ja")) == 0 ? &japanese : &english;
	}
	return &english;
}

/* --- one question ---------------------------------------------------------------------------- */

struct prompt {
	const struct agent_question *question;
	const char *caller;
	uint64_t deadline;
	const struct language *language;
	size_t kind; /* index of labels[] */
	struct pinentry *pinentry;
};

/* What others say: some programs would take it for markup. */
static void write_foreign(FILE *stream, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("‹", stream);
		else if (*text == '>')
			fputs("›", stream);
		else
			fputc(*text, stream);
	}
}

static void write_caller(const struct prompt *prompt, FILE *stream)
{
	fputs(prompt->language->caller, stream);
	write_foreign(stream, prompt->caller ? prompt->caller : prompt->language->unknown);
	if (!prompt->question->reason)
		return;
	fputs(prompt->language->reason, stream);
	write_foreign(stream, prompt->question->reason);
}

/* What others say comes last: pinentry.h cuts what is too long. */
static void write_request(const struct prompt *prompt, FILE *stream)
{
	const struct language *language = prompt->language;
	const int32_t tries = prompt->question->tries_left;

	fprintf(stream, "%s%s%s", language->enter[0], language->kinds[prompt->kind].what,
		language->enter[1]);
	if (tries == 1)
		fputs(language->last_try, stream);
	else
		fprintf(stream, "%s%d%s", language->tries[0], tries, language->tries[1]);
	write_caller(prompt, stream);
}

static void write_consent(const struct prompt *prompt, FILE *stream)
{
	const struct language *language = prompt->language;

	fprintf(stream, "%s%s%s%s%s", language->consent[0], language->kinds[prompt->kind].what,
		language->consent[1], language->kinds[prompt->kind].stores, language->consent[2]);
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
	log_error("No memory is left to ask for a PIN, or none can be locked.");
	return -ENOMEM;
}

/* Whole seconds that are left; 0: too late. */
static unsigned int seconds_left(const struct prompt *prompt)
{
	const uint64_t now = clock_microseconds(CLOCK_MONOTONIC);

	return now < prompt->deadline ? (unsigned int)((prompt->deadline - now) / USEC_PER_SEC) : 0;
}

static int ask_consent(const struct prompt *prompt)
{
	CLEANUP(freep) char *text = description(prompt, write_consent);
	const struct dialog dialog = {
		.title = prompt->language->title,
		.description = text,
		.ok = prompt->language->use_last_try,
		.cancel = prompt->language->keep_last_try,
		.timeout = seconds_left(prompt),
	};

	if (!text)
		return fail_memory();
	return dialog.timeout > 0 ? pinentry_confirm(prompt->pinentry, &dialog) : ANSWER_DISMISSED;
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
static int ask_pin_once(const struct prompt *prompt, const char *error, struct secret **ret_secret)
{
	CLEANUP(freep) char *text = description(prompt, write_request);
	/* One more, to see what is too long. */
	CLEANUP(secret_freep)
	struct secret *secret = secret_new((size_t)prompt->question->length_max + 1);
	const struct dialog dialog = {
		.title = prompt->language->title,
		.description = text,
		.error = error,
		.prompt = prompt->language->prompt,
		.ok = prompt->language->ok,
		.cancel = prompt->language->cancel,
		.timeout = seconds_left(prompt),
	};
	int r;

	if (!text || !secret)
		return fail_memory();
	if (dialog.timeout == 0)
		return ANSWER_DISMISSED;
	r = pinentry_ask(prompt->pinentry, &dialog, secret);
	if (r == 0)
		*ret_secret = TAKE(secret);
	return r;
}

static int ask_pin(const struct prompt *prompt, struct secret **ret_pin)
{
	const char *error = NULL;

	for (int i = 0; i < ENTRIES_MAX; i++) {
		CLEANUP(secret_freep) struct secret *secret = NULL;
		int r = ask_pin_once(prompt, error, &secret);

		if (r != 0)
			return r;
		if (can_be_pin(prompt->question, secret)) {
			*ret_pin = TAKE(secret);
			return 0;
		}
		error = prompt->language->kinds[prompt->kind].error;
	}
	return ANSWER_DISMISSED;
}

int prompt_ask(const char *program, const struct agent_question *question, const char *caller,
	       uint64_t deadline, struct secret **ret_pin)
{
	CLEANUP(pinentry_closep) struct pinentry *pinentry = NULL;
	struct prompt prompt = {
		.question = question,
		.caller = caller,
		.deadline = deadline,
		.language = language_of_session(),
		.kind = (size_t)(label_find(question->applet) - labels),
	};
	int r = pinentry_open(program, &pinentry);

	prompt.pinentry = pinentry;
	if (r == 0 && question->tries_left == 1)
		r = ask_consent(&prompt);
	return r == 0 ? ask_pin(&prompt, ret_pin) : r;
}
