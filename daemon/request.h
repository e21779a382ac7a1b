/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call of an applet's method, from its options to its reply: authorisation, the PIN's way in,
 * the card's turn. The bus side of an applet fills in the job and says how a success becomes a
 * reply.
 */
#pragma once

#include "daemon/card.h"
#include "daemon/options.h"

struct request {
	struct request *next; /* struct manager::requests */
	struct call *call;
	struct applet *applet; /* the request holds a reference of its card */
	struct options options;
	struct job *job; /* owned until the worker has it */
	bool submitted;
	const char *complaint; /* with ANSWER_INVALID_INPUT: the sentence that says what is wrong */
	void (*finish)(struct request *request); /* success: ends the call from request->job */

	struct authorization *authorization;
	struct descriptor_read *pin_read;
	sd_event_source *deadline;
};

/*
 * Begins to serve @call: @options is where its a{sv} is. NULL: the call has been ended (bad
 * options, too many calls).
 */
struct request *request_new(struct call *call, DBusMessageIter *options, enum job_kind kind,
			    void (*finish)(struct request *request));

/* Goes on with a filled job; owns the request. It ends by itself. */
void request_run(struct request *request);

/* Ends it with an error. */
void request_fail(struct request *request, int result);

/* Ends all that wait for something else than a card. */
void requests_cancel(struct manager *manager);
