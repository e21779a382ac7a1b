/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service wants to have asked: one question is shown at a time, the others wait. */
#pragma once

#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "client/agent.h"
#include "client/jpkid-agent/cards.h"

struct questions {
	sd_event *event;
	const char *program; /* pinentry */
	struct agent *agent;
	struct cards *cards;
	TAILQ_HEAD(, entry) queue; /* the first one is being asked, by @inquiry */
	struct inquiry *inquiry;
	bool is_ending;
	int result; /* of the loop's end */
};

/* What is given is borrowed. @program is as struct prompt has it; @cards tell of what is locked. */
void questions_init(struct questions *questions, sd_event *event, const char *program,
		    struct agent *agent, struct cards *cards);

/* Asks it when its turn comes, and then ends it. */
void questions_add(struct questions *questions, struct agent_question *question);

/* It is not wanted any more, if it is there. */
void questions_cancel(struct questions *questions, uint64_t number);
void questions_cancel_all(struct questions *questions);

/*
 * Cancels all, takes no more, and ends the loop with @result once the dialog is closed. The first
 * @result is the one.
 */
void questions_end(struct questions *questions, int result);
