/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/questions.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "client/jpkid-agent/caller.h"
#include "client/jpkid-agent/inquiry.h"
#include "client/jpkid-agent/prompt.h"
#include "client/language.h"

struct entry {
	struct agent_question *question;
	char *caller; /* NULL: not known */
	uint64_t deadline;
	TAILQ_ENTRY(entry) link;
};

void questions_init(struct questions *questions, sd_event *event, const char *program,
		    struct agent *agent, struct cards *cards)
{
	*questions = (struct questions){
		.event = event,
		.program = program,
		.agent = agent,
		.cards = cards,
	};
	TAILQ_INIT(&questions->queue);
}

static void questions_next(struct questions *questions);

static void entry_remove(struct questions *questions, struct entry *entry)
{
	TAILQ_REMOVE(&questions->queue, entry, link);
	free(entry->caller);
	free(entry);
}

static void entry_end(struct questions *questions, struct entry *entry, int result, int fd)
{
	if (result == 0)
		agent_answer(questions->agent, entry->question, fd);
	else if (result == ANSWER_DISMISSED)
		agent_dismiss(questions->agent, entry->question);
	else
		agent_fail(questions->agent, entry->question,
			   "No person can be asked for the PIN; look at: journalctl --user -u "
			   "jpkid-agent");
	entry_remove(questions, entry);
}

static void on_done(int result, int fd, void *userdata)
{
	struct questions *questions = userdata;

	questions->inquiry = NULL;
	entry_end(questions, TAILQ_FIRST(&questions->queue), result, fd);
	questions_next(questions);
}

/* Asks the first question that waits, if none is being asked. */
static void questions_next(struct questions *questions)
{
	struct entry *entry;

	while (!questions->inquiry && (entry = TAILQ_FIRST(&questions->queue))) {
		const struct prompt prompt = {
			.program = questions->program,
			.question = entry->question,
			.caller = entry->caller,
			.advice = cards_advice(questions->cards, entry->question->card,
					       entry->question->applet),
			.deadline = entry->deadline,
		};
		int r = inquiry_start(questions->event, &prompt, on_done, questions,
				      &questions->inquiry);

		if (r == 0)
			break;
		log_error(_("No process to ask for a PIN can be started: %s"), strerror(-r));
		entry_end(questions, entry, r, -1);
	}
	if (questions->is_ending && !questions->inquiry)
		sd_event_exit(questions->event, questions->result);
}

static uint64_t deadline_from_now(struct questions *questions)
{
	uint64_t now;

	sd_event_now(questions->event, CLOCK_MONOTONIC, &now);
	return now + PROMPT_SECONDS * (uint64_t)USEC_PER_SEC;
}

void questions_add(struct questions *questions, struct agent_question *question)
{
	struct entry *entry = questions->is_ending ? NULL : calloc(1, sizeof(*entry));

	if (!entry) {
		agent_fail(questions->agent, question, "The agent ends, or no memory is left.");
		return;
	}
	entry->question = question;
	/* Now, because the caller may be gone when its turn comes. */
	entry->caller = caller_name(question->caller);
	entry->deadline = deadline_from_now(questions);
	TAILQ_INSERT_TAIL(&questions->queue, entry, link);
	questions_next(questions);
}

static void entry_cancel(struct questions *questions, struct entry *entry)
{
	if (questions->inquiry && entry == TAILQ_FIRST(&questions->queue))
		inquiry_stop(questions->inquiry);
	else
		entry_end(questions, entry, ANSWER_DISMISSED, -1);
}

void questions_cancel(struct questions *questions, uint64_t number)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &questions->queue, link)
		if (entry->question->number == number) {
			entry_cancel(questions, entry);
			return;
		}
}

void questions_cancel_all(struct questions *questions)
{
	struct entry *entry = TAILQ_FIRST(&questions->queue), *next;

	for (; entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		entry_cancel(questions, entry);
	}
}

void questions_end(struct questions *questions, int result)
{
	if (questions->is_ending)
		return;
	questions->is_ending = true;
	questions->result = result;
	questions_cancel_all(questions);
	questions_next(questions);
}
