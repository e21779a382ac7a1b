/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtual-card: a JPKI card for tests. It behaves as cards were measured to, takes commands from
 * libifdvpcd's reader or from a test that plays that reader, and can be made to misbehave. It
 * shares no code with the middleware that it judges.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tests/card/card.h"
#include "tests/card/control.h"
#include "tests/card/field.h"
#include "tests/card/options.h"
#include "tests/card/pins.h"
#include "tests/card/pki.h"
#include "tests/card/record.h"

enum {
	FD_CONTROL = 0,
	FD_READER = CONTROL_FD_MAX,
	FD_SIGNAL,
	FD_COUNT,
};

static void check(int r, const char *what)
{
	if (r < 0)
		errx(EXIT_FAILURE, "%s: %s", what, strerror(-r));
}

static int signals_open(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

/* Until a signal ends it. */
static void serve(struct field *field, struct control *control, int signals)
{
	struct pollfd fds[FD_COUNT] = {0};

	while (!fds[FD_SIGNAL].revents) {
		control_poll(control, &fds[FD_CONTROL]);
		fds[FD_READER].fd = field_fd(field);
		fds[FD_READER].events = field_events(field);
		fds[FD_SIGNAL] = (struct pollfd){.fd = signals, .events = POLLIN};
		if (poll(fds, FD_COUNT, field_timeout_ms(field)) < 0) {
			if (errno == EINTR)
				continue;
			err(EXIT_FAILURE, "poll");
		}
		field_run(field, fds[FD_READER].revents);
		control_run(control, &fds[FD_CONTROL]);
	}
}

static struct pki pki_get(const struct options *options)
{
	struct pki pki;
	time_t not_after;

	check(pki_last_second(options->not_after, &not_after), "--not-after");
	check(pki_open(&pki, options->pki, not_after), options->pki);
	return pki;
}

static void card_live(const struct options *options, const struct pki *pki)
{
	static struct field field;
	struct control control;
	struct record record;
	struct pins pins;
	struct card card;
	int signals = signals_open();

	check(pins_open(&pins, &options->pins), "state and PIN files");
	check(card_open(&card, &options->traits, pki, &pins), "content of the EFs");
	check(record_open(&record, options->record), "--record");
	field_init(&field, &card, &record, (uint16_t)options->port, options->delay_ms);
	check(control_open(&control, options->control, &field), "--control");

	serve(&field, &control, signals);

	control_close(&control);
	field_pull(&field);
	record_close(&record);
	card_clear(&card);
	close(signals);
}

int main(int argc, char **argv)
{
	struct options options;
	struct pki pki;

	options_parse(&options, argc, argv);
	pki = pki_get(&options);
	if (!options.make_pki)
		card_live(&options, &pki);
	pki_clear(&pki);
	return EXIT_SUCCESS;
}
