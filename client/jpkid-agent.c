/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jpkid-agent: asks the person of a session for a PIN, through pinentry, when jpkid needs one. One
 * question is shown at a time.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/option.h"
#include "base/process.h"
#include "base/secret.h"
#include "client/agent.h"
#include "client/caller.h"
#include "client/inquiry.h"
#include "client/prompt.h"
#include "dbus/bus.h"

enum {
	USEC_PER_SEC = 1000 * 1000,
};

struct session {
	const char *program; /* pinentry */
	sd_event *event;
	struct bus *bus;
	struct agent *agent;
	TAILQ_HEAD(, entry) queue; /* the first one is being asked, by @inquiry */
	struct inquiry *inquiry;
	bool is_ending;
	int result; /* of its end */
};

struct entry {
	struct agent_question *question;
	char *caller; /* NULL: not known */
	uint64_t deadline;
	TAILQ_ENTRY(entry) link;
};

/* --- the queue ------------------------------------------------------------------------------- */

static void session_next(struct session *session);

static void entry_remove(struct session *session, struct entry *entry)
{
	TAILQ_REMOVE(&session->queue, entry, link);
	free(entry->caller);
	free(entry);
}

static void entry_end(struct session *session, struct entry *entry, int result, int fd)
{
	if (result == 0)
		agent_answer(session->agent, entry->question, fd);
	else if (result == ANSWER_DISMISSED)
		agent_dismiss(session->agent, entry->question);
	else
		agent_fail(session->agent, entry->question,
			   "No person can be asked for the PIN; look at: journalctl --user -u "
			   "jpkid-agent");
	entry_remove(session, entry);
}

static void on_done(int result, int fd, void *userdata)
{
	struct session *session = userdata;

	session->inquiry = NULL;
	entry_end(session, TAILQ_FIRST(&session->queue), result, fd);
	session_next(session);
}

/* Asks the first question that waits, if none is being asked. */
static void session_next(struct session *session)
{
	struct entry *entry;

	while (!session->inquiry && (entry = TAILQ_FIRST(&session->queue))) {
		int r = inquiry_start(session->event, session->program, entry->question,
				      entry->caller, entry->deadline, on_done, session,
				      &session->inquiry);

		if (r == 0)
			break;
		log_error("No process to ask for a PIN can be started: %s", strerror(-r));
		entry_end(session, entry, r, -1);
	}
	if (session->is_ending && !session->inquiry)
		sd_event_exit(session->event, session->result);
}

static void entry_cancel(struct session *session, struct entry *entry)
{
	if (session->inquiry && entry == TAILQ_FIRST(&session->queue))
		inquiry_stop(session->inquiry);
	else
		entry_end(session, entry, ANSWER_DISMISSED, -1);
}

static void session_cancel_all(struct session *session)
{
	struct entry *entry = TAILQ_FIRST(&session->queue), *next;

	for (; entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		entry_cancel(session, entry);
	}
}

/* Once the dialogue is closed. */
static void session_end(struct session *session, int result)
{
	if (session->is_ending)
		return;
	session->is_ending = true;
	session->result = result;
	session_cancel_all(session);
	session_next(session);
}

/* --- the service ----------------------------------------------------------------------------- */

static uint64_t deadline_from_now(struct session *session)
{
	uint64_t now;

	sd_event_now(session->event, CLOCK_MONOTONIC, &now);
	return now + PROMPT_SECONDS * (uint64_t)USEC_PER_SEC;
}

static void on_ask(struct agent_question *question, void *userdata)
{
	struct session *session = userdata;
	struct entry *entry = session->is_ending ? NULL : calloc(1, sizeof(*entry));

	if (!entry) {
		agent_fail(session->agent, question, "The agent ends, or no memory is left.");
		return;
	}
	entry->question = question;
	/* Now, because the caller may be gone when its turn comes. */
	entry->caller = caller_name(question->caller);
	entry->deadline = deadline_from_now(session);
	TAILQ_INSERT_TAIL(&session->queue, entry, link);
	session_next(session);
}

static void on_cancel(uint64_t number, void *userdata)
{
	struct session *session = userdata;
	struct entry *entry;

	TAILQ_FOREACH(entry, &session->queue, link)
		if (entry->question->number == number) {
			entry_cancel(session, entry);
			return;
		}
}

static void on_service_lost(void *userdata)
{
	log_notice("The service jpkid has left; waiting for it.");
	session_cancel_all(userdata);
}

/* A service that left meanwhile comes back or does not: on_service_lost() has it. */
static void on_registered(const struct refusal *refusal, void *userdata)
{
	if (!refusal) {
		log_info("Registered with the service jpkid.");
		return;
	}
	log_error("The service jpkid refuses this agent: %s", refusal->text);
	if (refusal->result != -ENOTCONN)
		session_end(userdata, -EPERM);
}

static void on_bus_lost(void *userdata)
{
	log_error("The system bus has gone.");
	session_end(userdata, -ECONNRESET);
}

static int session_register(struct session *session)
{
	static const struct agent_methods methods = { on_ask, on_cancel, on_service_lost,
						      on_registered };
	struct refusal refusal;

	if (!agent_new(bus_connection(session->bus), false, &methods, session, &session->agent,
		       &refusal)) {
		log_error("The service jpkid refuses this agent: %s", refusal.text);
		return -EPERM;
	}
	if (agent_is_registered(session->agent))
		log_info("Registered with the service jpkid.");
	else
		log_notice("The service jpkid is not there; waiting for it.");
	return 0;
}

/* --- the session ----------------------------------------------------------------------------- */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	session_end(userdata, 0);
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
		log_error("The system bus cannot be reached: %s", strerror(-r));
		return r;
	}
	/* This may wait for the service to start; a signal then ends the process. */
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
	bus_free(session->bus);
	sd_event_unref(session->event);
}

/* --- the command line ------------------------------------------------------------------------ */

static const struct option options[] = {
	{ "pinentry", required_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

static const char help[] =
	"usage: jpkid-agent [--pinentry=PATH]\n"
	"Asks the person of this session for a PIN of the My Number Card when jpkid needs one.\n\n"
	"  --pinentry=PATH  the program that shows the question (default: pinentry in PATH)\n"
	"  --help           print this\n"
	"  --version        print the version\n";

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
		else
			*ret_text = letter == 'h' ? help : "jpkid-agent " PACKAGE_VERSION "\n";
	}
	return optind == argc && *session->program ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct session session = { .program = "pinentry" };
	const char *text = NULL;
	int r = process_fill_standard_streams();

	TAILQ_INIT(&session.queue);
	if (r == 0)
		r = secret_protect_process();
	if (r < 0) {
		log_error("This process cannot be protected: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (command_line_parse(argc, argv, &session, &text) < 0) {
		log_error("The command line is not right; see: jpkid-agent --help");
		return EXIT_FAILURE;
	}
	if (text)
		return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : 0;
	r = session_run(&session);
	session_close(&session);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
