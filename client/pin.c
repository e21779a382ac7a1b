/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/terminal.h"
#include "client/text.h"

enum {
	PIN_LENGTH_MAX = 16, /* that the service takes */
	PIN_CAPACITY = PIN_LENGTH_MAX + 2, /* a newline, and one more to see a longer one */
	CONSENT_CAPACITY = sizeof("yes") + 1,
	QUESTION_SIZE = 256,
};

static int fail_memory(void)
{
	return failure_say(FAILURE_OTHER,
			   "No memory for the PIN can be locked; look at: ulimit -l");
}

static int pin_check(const struct secret *pin)
{
	if (pin->length >= 1 && pin->length <= PIN_LENGTH_MAX)
		return 0;
	return failure_say(FAILURE_NO_PIN,
			   "A PIN has 1 to %d characters; nothing was sent to the card.",
			   PIN_LENGTH_MAX);
}

/* --- a descriptor ---------------------------------------------------------------------------- */

static int read_to_end(int fd, struct secret *pin)
{
	while (pin->length < pin->capacity) {
		const ssize_t length = read(fd, pin->bytes + pin->length,
					    pin->capacity - pin->length);

		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return length < 0 ? -errno : 0;
		pin->length += (size_t)length;
	}
	return 0;
}

int pin_read(int fd, struct secret **ret_pin)
{
	CLEANUP(secret_freep) struct secret *pin = secret_new(PIN_CAPACITY);
	int r, failure;

	if (!pin)
		return fail_memory();
	if (isatty(fd))
		return failure_say(
			FAILURE_USAGE,
			"Descriptor %d is a terminal, which would show the PIN; without --pin-fd "
			"it is asked for.",
			fd);
	r = read_to_end(fd, pin);
	if (r < 0)
		return failure_say(FAILURE_FILE, "The PIN cannot be read from descriptor %d: %s",
				   fd, strerror(-r));
	if (pin->length > 0 && pin->bytes[pin->length - 1] == '\n')
		pin->length--;
	failure = pin_check(pin);
	if (failure != 0)
		return failure;
	*ret_pin = TAKE(pin);
	return 0;
}

int pin_to_descriptor(const struct secret *pin)
{
	CLEANUP(closep) int reader = -1;
	CLEANUP(closep) int writer = -1;
	int ends[2];
	ssize_t written;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = ends[0];
	writer = ends[1];
	/* So few bytes are in the pipe at once, or not at all. */
	written = write(writer, pin->bytes, pin->length);
	if (written != (ssize_t)pin->length)
		return written < 0 ? -errno : -EIO;
	return TAKE_FD(reader);
}

/* --- the terminal ---------------------------------------------------------------------------- */

static int fail_terminal(int r)
{
	return failure_say(FAILURE_NO_PIN, "The terminal gave no answer: %s", strerror(-r));
}

static int ask_consent(int terminal, const struct label *label)
{
	CLEANUP(secret_freep) struct secret *answer = secret_new(CONSENT_CAPACITY);
	char question[QUESTION_SIZE];
	int r;

	if (!answer)
		return fail_memory();
	snprintf(question, sizeof(question),
		 "One try of the %s PIN (%s) is left. A wrong one locks it.\nType yes to use the "
		 "last try: ",
		 label->kind, label->name);
	r = terminal_ask(terminal, question, true, answer);
	if (r < 0)
		return fail_terminal(r);
	if (answer->length != strlen("yes") ||
	    memcmp(answer->bytes, "yes", strlen("yes")) != 0)
		return failure_say(FAILURE_PIN_HELD_BACK,
				   "The last try is kept; nothing was sent to the card.");
	return 0;
}

static int ask_pin(int terminal, const struct applet *applet, const struct label *label,
		   struct secret **ret_pin)
{
	CLEANUP(secret_freep) struct secret *pin = secret_new(PIN_CAPACITY);
	char tries[TEXT_TRIES_SIZE], question[QUESTION_SIZE];
	int r, failure;

	if (!pin)
		return fail_memory();
	snprintf(question, sizeof(question), "%s PIN (%s, %s), %s: ", label->name, label->kind,
		 label->pin_format, text_tries(applet->tries_left, applet->tries_max, tries));
	r = terminal_ask(terminal, question, false, pin);
	if (r < 0)
		return fail_terminal(r);
	failure = pin_check(pin);
	if (failure != 0)
		return failure;
	*ret_pin = TAKE(pin);
	return 0;
}

int pin_ask(int terminal, const struct applet *applet, bool *allow_last_try,
	    struct secret **ret_pin)
{
	const struct label *label = label_find(applet->kind);
	const bool needs_consent = applet->tries_left == 1 && !*allow_last_try;
	int failure = needs_consent ? ask_consent(terminal, label) : 0;

	if (failure == 0)
		failure = ask_pin(terminal, applet, label, ret_pin);
	if (failure == 0 && needs_consent)
		*allow_last_try = true;
	return failure;
}
