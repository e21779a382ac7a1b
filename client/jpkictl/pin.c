/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "client/failure.h"
#include "client/language.h"

enum {
	PIN_LENGTH_MAX = 16, /* that the service takes */
	PIN_CAPACITY = PIN_LENGTH_MAX + 2, /* a newline, and one more to see a longer one */
	CONSENT_CAPACITY = sizeof("yes") + 1,
	QUESTION_SIZE = 512,
};

static int fail_memory(void)
{
	return failure_say(FAILURE_OTHER,
			   _("No memory can be locked for the PIN; see: ulimit -l"));
}

static int pin_check(const struct secret *secret, const char *what)
{
	if (secret->length >= 1 && secret->length <= PIN_LENGTH_MAX)
		return 0;
	return failure_say(FAILURE_NO_PIN,
			   _("The %s has 1 to %d characters; nothing was sent to the card."), what,
			   PIN_LENGTH_MAX);
}

/* --- a descriptor ------ */

static int read_to_end(int fd, struct secret *pin)
{
	const ssize_t length = file_read_up_to(fd, pin->bytes, pin->capacity);

	if (length < 0)
		return (int)length;
	pin->length = (size_t)length;
	return 0;
}

int pin_read(int fd, const char *what, struct secret **ret_secret)
{
	CLEANUP(secret_freep) struct secret *secret = secret_new(PIN_CAPACITY);
	int r, failure;

	if (!secret)
		return fail_memory();
	if (isatty(fd))
		return failure_say(
			FAILURE_USAGE,
			_("File descriptor %d is a terminal, which would show the %s on the "
			  "screen. Leave the option out, and you are asked for it."),
			fd, what);
	r = read_to_end(fd, secret);
	if (r < 0)
		return failure_say(FAILURE_FILE,
				   _("The %s cannot be read from file descriptor %d: %s"), what, fd,
				   strerror(-r));
	if (secret->length > 0 && secret->bytes[secret->length - 1] == '\n')
		secret->length--;
	failure = pin_check(secret, what);
	if (failure != 0)
		return failure;
	*ret_secret = TAKE(secret);
	return 0;
}

int pin_to_descriptor(const struct secret *secret)
{
	CLEANUP(closep) int reader = -1;
	CLEANUP(closep) int writer = -1;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = ends[0];
	writer = ends[1];
	r = secret_write(secret, writer);
	return r < 0 ? r : TAKE_FD(reader);
}

/* --- the terminal ------ */

static int fail_terminal(int r)
{
	return failure_say(FAILURE_NO_PIN, _("Nothing can be read from the terminal: %s"),
			   strerror(-r));
}

/* 0 with *ret_secret NULL: not wanted any more. */
static int ask_secret(int terminal, const char *question, const char *what,
		      const struct terminal_watch *watch, struct secret **ret_secret)
{
	CLEANUP(secret_freep) struct secret *secret = secret_new(PIN_CAPACITY);
	int r, failure;

	if (!secret)
		return fail_memory();
	r = terminal_ask(terminal, question, false, watch, secret);
	if (r == -ECANCELED) {
		*ret_secret = NULL;
		return 0;
	}
	if (r < 0)
		return fail_terminal(r);
	failure = pin_check(secret, what);
	if (failure != 0)
		return failure;
	*ret_secret = TAKE(secret);
	return 0;
}

int pin_ask(int terminal, const struct label *label, int32_t tries_left, uint8_t tries_max,
	    const struct terminal_watch *watch, struct secret **ret_pin)
{
	char question[QUESTION_SIZE];

	snprintf(question, sizeof(question), _("%s, %d of %d tries left: "), _(label->pin_form),
		 tries_left, tries_max);
	return ask_secret(terminal, question, _(label->pin), watch, ret_pin);
}

static int ask_new_once(int terminal, const struct label *label, const struct secret *old,
			struct secret **ret_pin)
{
	CLEANUP(secret_freep) struct secret *pin = NULL, *again = NULL;
	char question[QUESTION_SIZE];
	int failure;

	snprintf(question, sizeof(question), "%s: ", _(label->new_pin_form));
	failure = ask_secret(terminal, question, _("new PIN"), NULL, &pin);
	if (failure == 0 && old && secret_equal(pin, old)) {
		failure_say(FAILURE_NO_PIN,
			    _("The new PIN is the same as the old one; nothing was changed."));
		return 0;
	}
	if (failure == 0)
		failure = ask_secret(terminal, _("The same once more: "), _("new PIN"), NULL,
				     &again);
	if (failure != 0)
		return failure;
	if (secret_equal(pin, again))
		*ret_pin = TAKE(pin);
	else
		failure_say(FAILURE_NO_PIN, _("The two are not the same; nothing was changed."));
	return 0;
}

int pin_ask_new(int terminal, const struct label *label, const struct secret *old,
		struct secret **ret_pin)
{
	struct secret *pin = NULL;
	int failure = 0;

	for (int asked = 0; failure == 0 && !pin && asked < PIN_ASK_MAX; asked++)
		failure = ask_new_once(terminal, label, old, &pin);
	if (failure == 0 && !pin)
		failure = FAILURE_NO_PIN;
	if (failure == 0)
		*ret_pin = pin;
	return failure;
}

int pin_ask_reset_code(int terminal, struct secret **ret_code)
{
	char question[QUESTION_SIZE];

	snprintf(question, sizeof(question), _("Reset code (1 to %d characters): "),
		 PIN_LENGTH_MAX);
	return ask_secret(terminal, question, _("reset code"), NULL, ret_code);
}

int pin_ask_consent(int terminal, const char *what, uint32_t tries_left)
{
	CLEANUP(secret_freep) struct secret *answer = secret_new(CONSENT_CAPACITY);
	char question[QUESTION_SIZE];
	int r;

	if (!answer)
		return fail_memory();
	if (tries_left > 1)
		snprintf(question, sizeof(question),
			 _("%u tries of the %s are left. This computer is set to keep the last "
			   "ones.\nType yes to use one: "),
			 tries_left, what);
	else
		snprintf(question, sizeof(question),
			 _("One try of the %s is left. A wrong one locks it.\n"
			   "Type yes to use the last try: "),
			 what);
	r = terminal_ask(terminal, question, true, NULL, answer);
	if (r < 0)
		return fail_terminal(r);
	if (answer->length != strlen("yes") ||
	    memcmp(answer->bytes, "yes", strlen("yes")) != 0)
		return failure_say(FAILURE_PIN_HELD_BACK,
				   _("No try was used; nothing was sent to the card."));
	return 0;
}

int pin_send_to_pad(int terminal, const struct applet *applet, const struct label *label,
		    bool is_change)
{
	char sentence[QUESTION_SIZE];
	int r;

	snprintf(sentence, sizeof(sentence),
		 is_change ? _("%s, %d of %d tries left: type it on the reader's keypad, then the "
			       "new one twice.\n") :
			     _("%s, %d of %d tries left: type it on the reader's keypad.\n"),
		 _(label->pin_form), applet->tries_left, applet->tries_max);
	r = terminal_say(terminal, sentence);
	return r < 0 ? fail_terminal(r) : 0;
}
