/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Signals that would leave the terminal without echo; or with it, after a SIGSTOP: SIGCONT. */
static const int signals[] = { SIGALRM, SIGCONT, SIGHUP,  SIGINT,  SIGPIPE,
			       SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2 };

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
}

/* What is put back when the question is over. */
struct state {
	struct termios attributes;
	struct sigaction actions[LENGTH_OF(signals)];
	sigset_t mask;
};

/* The signals come while ppoll() waits, and at no other time. */
static void signals_catch(struct state *state)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < LENGTH_OF(signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, &state->mask);

	caught = 0;
	for (size_t i = 0; i < LENGTH_OF(signals); i++) {
		sigaction(signals[i], NULL, &state->actions[i]);
		if (state->actions[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

/* The one that was caught comes again, to do what it does without us. */
static void signals_release(const struct state *state)
{
	for (size_t i = 0; i < LENGTH_OF(signals); i++)
		sigaction(signals[i], &state->actions[i], NULL);
	if (caught != 0)
		raise(caught);
	sigprocmask(SIG_SETMASK, &state->mask, NULL);
}

int terminal_say(int terminal, const char *text)
{
	const size_t length = strlen(text);
	const ssize_t written = write(terminal, text, length);

	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -EIO;
}

/* Until there is a line. 0, -EINTR with the signal in caught, or another negative errno. */
static int terminal_wait(int terminal, const sigset_t *mask, const struct terminal_watch *watch)
{
	struct pollfd polls[] = {
		{ .fd = terminal, .events = POLLIN },
		{ .fd = watch ? watch->fd : -1, .events = POLLIN },
	};

	do {
		if (watch && !watch->is_wanted(watch->userdata))
			return -ECANCELED;
		if (ppoll(polls, LENGTH_OF(polls), NULL, mask) < 0)
			return -errno;
	} while (polls[0].revents == 0);
	return 0;
}

static int terminal_read_line(int terminal, struct secret *line)
{
	uint8_t *end;
	ssize_t length;

	/* A terminal gives one line at most, and no newline where Ctrl-D ended it. */
	length = read(terminal, line->bytes, line->capacity);
	if (length < 0)
		return -errno;
	end = memchr(line->bytes, '\n', (size_t)length);
	line->length = end ? (size_t)(end - line->bytes) : (size_t)length;
	return 0;
}

static int terminal_ask_once(int terminal, const char *question, bool echo,
			     const struct terminal_watch *watch, struct secret *answer)
{
	struct termios attributes;
	struct state state;
	int r;

	/* In the background, where the attributes are the shell's own, tcflush() waits for `fg`. */
	if (tcflush(terminal, TCIFLUSH) < 0 || tcgetattr(terminal, &state.attributes) < 0)
		return -errno;
	attributes = state.attributes;
	/* Another program may have left it raw. */
	attributes.c_iflag |= ICRNL;
	attributes.c_iflag &= ~(tcflag_t)(IGNCR | INLCR);
	attributes.c_lflag |= ICANON | ISIG | ECHO;
	if (!echo)
		attributes.c_lflag &= ~(tcflag_t)ECHO;

	signals_catch(&state);
	r = tcsetattr(terminal, TCSAFLUSH, &attributes) < 0 ? -errno : 0;
	if (r == 0)
		r = terminal_say(terminal, question);
	if (r == 0)
		r = terminal_wait(terminal, &state.mask, watch);
	if (r == 0)
		r = terminal_read_line(terminal, answer);
	/* Flushed, so that the rest of what was typed does not go to the shell. */
	tcsetattr(terminal, TCSAFLUSH, &state.attributes);
	if (!echo || r != 0)
		terminal_say(terminal, "\n");
	signals_release(&state);
	return r;
}

int terminal_open(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

int terminal_ask(int terminal, const char *question, bool echo, const struct terminal_watch *watch,
		 struct secret *answer)
{
	int r;

	do
		r = terminal_ask_once(terminal, question, echo, watch, answer);
	while (r == -EINTR);
	return r;
}
