/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jpkid-agent: asks the person of a session for a PIN, through pinentry, when jpkid needs one. And
 * it tells the person of certificates that end and PINs that are locked, through the desktop's
 * notifications.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/option.h"
#include "base/process.h"
#include "base/secret.h"
#include "client/agent.h"
#include "client/jpkid-agent/cards.h"
#include "client/jpkid-agent/notices.h"
#include "client/jpkid-agent/questions.h"
#include "client/language.h"
#include "dbus/bus.h"

struct session {
	const char *program; /* pinentry */
	bool without_notices;
	sd_event *event;
	struct bus *bus;
	struct agent *agent;
	struct cards *cards;
	struct notices *notices; /* NULL: without */
	struct questions questions;
};

/* --- the service ------ */

static void on_ask(struct agent_question *question, void *userdata)
{
	struct session *session = userdata;

	questions_add(&session->questions, question);
}

static void on_cancel(uint64_t number, void *userdata)
{
	struct session *session = userdata;

	questions_cancel(&session->questions, number);
}

static void on_service_lost(void *userdata)
{
	struct session *session = userdata;

	log_notice(_("The service jpkid has ended; waiting for it."));
	questions_cancel_all(&session->questions);
	cards_follow(session->cards, NULL);
}

/* A service that left meanwhile comes back or does not: on_service_lost() has it. */
static void on_registered(const struct refusal *refusal, void *userdata)
{
	struct session *session = userdata;
	char sentence[REFUSAL_SENTENCE_SIZE];

	if (!refusal) {
		log_info(_("Registered with the service jpkid."));
		cards_follow(session->cards, agent_service(session->agent));
		return;
	}
	log_error(_("The service jpkid refuses this agent: %s"),
		  refusal_sentence(refusal, NULL, sentence));
	if (refusal->result != -ENOTCONN)
		questions_end(&session->questions, -EPERM);
}

static void on_bus_lost(void *userdata)
{
	struct session *session = userdata;

	log_error(_("The connection to the system bus was lost."));
	questions_end(&session->questions, -ECONNRESET);
}

static int session_register(struct session *session)
{
	static const struct agent_methods methods = { on_ask, on_cancel, on_service_lost,
						      on_registered };
	char sentence[REFUSAL_SENTENCE_SIZE];
	struct refusal refusal;

	if (!agent_new(bus_connection(session->bus), false, &methods, session, &session->agent,
		       &refusal)) {
		log_error(_("The service jpkid refuses this agent: %s"),
			  refusal_sentence(&refusal, NULL, sentence));
		return -EPERM;
	}
	questions_init(&session->questions, session->event, session->program, session->agent,
		       session->cards);
	if (agent_is_registered(session->agent))
		log_info(_("Registered with the service jpkid."));
	else
		log_notice(_("The service jpkid is not running; waiting for it."));
	cards_follow(session->cards, agent_service(session->agent));
	return 0;
}

/* --- cards ------ */

/* Another applet's certificate takes a PIN. */
static void on_card_found(const struct applet *applet, void *userdata)
{
	struct session *session = userdata;

	if (session->notices && strcmp(applet->kind, "auth") == 0)
		notices_look(session->notices, session->cards, applet);
}

static void on_cards_complete(void *userdata)
{
	struct session *session = userdata;

	if (session->notices)
		notices_catch_up(session->notices);
}

static void on_pin_locked(const struct applet *applet, enum advice advice, void *userdata)
{
	struct session *session = userdata;
	const struct label *label = label_find(applet->kind);

	if (session->notices && label)
		notices_tell_locked(session->notices, label, advice);
}

static int session_watch_cards(struct session *session)
{
	static const struct cards_methods methods = { on_card_found, on_cards_complete,
						      on_pin_locked };
	int r = session->without_notices ? 0 : notices_new(session->event, &session->notices);

	if (r == 0)
		r = cards_new(session->bus, &methods, session, &session->cards);
	if (r < 0)
		log_error(_("Notices cannot be prepared: %s"), strerror(-r));
	return r;
}

/* --- the session ------ */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct session *session = userdata;

	questions_end(&session->questions, 0);
	return 0;
}

static int session_add_signals(struct session *session)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < LENGTH_OF(numbers); i++)
		sigaddset(&set, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < LENGTH_OF(numbers); i++) {
		int r = sd_event_add_signal(session->event, NULL, numbers[i], on_signal, session);

		if (r < 0)
			return r;
	}
	return 0;
}

static int session_run(struct session *session)
{
	int r = sd_event_new(&session->event);

	if (r == 0)
		r = bus_open(session->event, on_bus_lost, session, &session->bus);
	if (r < 0) {
		log_error(_("The system bus cannot be reached: %s"), strerror(-r));
		return r;
	}
	r = session_watch_cards(session);
	/* This may wait for the service to start; a signal then ends the process. */
	if (r == 0)
		r = session_register(session);
	if (r == 0)
		r = session_add_signals(session);
	if (r < 0)
		return r;
	return sd_event_loop(session->event);
}

static void session_close(struct session *session)
{
	agent_free(session->agent);
	cards_free(session->cards);
	notices_free(session->notices);
	bus_free(session->bus);
	sd_event_unref(session->event);
}

/* --- the command line ------ */

static const struct option options[] = {
	{ "pinentry", required_argument, NULL, 'p' },
	{ "no-notices", no_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

static const char help[] =
	N_("Usage: jpkid-agent [--pinentry=PATH] [--no-notices]\n"
	   "Asks the user of this session for a PIN of the My Number Card when "
	   "jpkid needs one, and shows notices\n"
	   "when the card's certificates can be renewed or expire, and when a PIN "
	   "has become locked.\n"
	   "\n"
	   "  --pinentry=PATH  Ask with this program (default: pinentry in PATH)\n"
	   "  --no-notices     Show no notices\n"
	   "  --help           Show this help\n"
	   "  --version        Show the version\n");

/* 0; what is to be printed in *ret_text, if anything; or -EINVAL. */
static int command_line_parse(int argc, char **argv, struct session *session, const char **ret_text)
{
	int letter, index = 0;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (letter == '?' || !option_is_whole(options[index].name, argv))
			return -EINVAL;
		if (letter == 'p')
			session->program = optarg;
		else if (letter == 'n')
			session->without_notices = true;
		else
			*ret_text = letter == 'h' ? _(help) : "jpkid-agent " PACKAGE_VERSION "\n";
	}
	return optind == argc && *session->program ? 0 : -EINVAL;
}

static int print(const char *text)
{
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	log_error(_("%s cannot be written: %s"), _("Standard output"), strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct session session = { .program = "pinentry" };
	const char *text = NULL;
	int r = process_fill_standard_streams();

	language_begin();
	if (r == 0)
		r = secret_protect_process();
	if (r < 0) {
		log_error(_("This process cannot be protected: %s"), strerror(-r));
		return EXIT_FAILURE;
	}
	if (command_line_parse(argc, argv, &session, &text) < 0) {
		log_error(_("The command line is not right; see: jpkid-agent --help"));
		return EXIT_FAILURE;
	}
	if (text)
		return print(text);
	r = session_run(&session);
	session_close(&session);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
