/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call of an applet's method, from its options to its reply. The bus side of an applet fills in
 * the job and says how a success becomes a reply; daemon/admission.h lets it go on to the card.
 */
#pragma once

#include "daemon/agents.h"
#include "daemon/card.h"
#include "daemon/options.h"

struct request {
	struct request *next; /* struct manager::requests */
	struct call *call;
	struct applet *applet; /* the request holds a reference of its card */
	struct options options;
	struct job *job; /* owned until the worker has it */
	struct job *out; /* what the worker has: this job, or an inquiry before it; NULL: nothing */
	void (*finish)(struct request *request); /* success: ends the call from request->job */

	bool wants_lease;
	bool at_pad; /* the PIN, and a new one, are typed at the reader, unless there is a lease */
	struct secret *pin; /* wants_lease: a copy of the PIN that is tried */
	int called_off;     /* ends with this instead of going on after an inquiry; 0: goes on */

	struct authorization *authorization;
	struct descriptor_read *reading;
	void (*known)(struct request *request, int tries); /* after an inquiry */
	struct agent_question *question;
	sd_event_source *deadline;
};

/*
 * Begins to serve @call: @options is where its a{sv} is. NULL: the call has been ended (bad
 * options, too many calls).
 */
struct request *request_new(struct call *call, DBusMessageIter *options, enum job_kind kind,
			    void (*finish)(struct request *request));

/*
 * Ends it with an error. @complaint: in these words (static); NULL: in those that the result has
 * everywhere.
 */
void request_fail(struct request *request, int result, const char *complaint);

/* The job is whole; the card is next, unless its answer is known. */
void request_submit(struct request *request);

/*
 * Asks the card first how many tries are left and whether a PIN may be asked for at all. If so,
 * @known goes on with the request.
 */
void request_inquire(struct request *request, void (*known)(struct request *request, int tries));

struct manager *request_manager(const struct request *request);

/*
 * Ends all that wait for something else than a card, and those whose inquiry is out when it is
 * back; @card: those of this card only, or NULL.
 */
void requests_cancel(struct manager *manager, const struct card *card, int answer);

/* What cards still have is not waited for any longer, see job_give_up(). */
void requests_give_up(struct manager *manager);
