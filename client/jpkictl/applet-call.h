/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls to an applet's methods, with the secrets that they need, and who is asked for those. */
#pragma once

#include "base/secret.h"
#include "client/jpkictl/session.h"
#include "client/jpkictl/terminal-agent.h"
#include "client/label.h"
#include "client/output.h"

struct applet_call {
	struct session session;
	const struct reader *reader;
	struct applet *applet;
	const struct label *label;
	int terminal; /* -1: there is none, or nobody is to be asked */
	bool is_at_pad;
	struct terminal_agent agent;

	/* What goes along. NULL, 0, false: nothing does. */
	struct secret *pin, *new_pin, *reset_code;
	uint32_t expected_tries;
	bool allow_last_try;
};
#define APPLET_CALL_INIT ((struct applet_call){ .terminal = -1 })

struct applet_method {
	const char *member;
	const char *signature; /* of the reply */
	/* Writes what stands before the options; NULL: nothing. */
	void (*write)(struct writer *writer, const void *data);
	const void *data;
	/*
	 * Takes what the person has to give before the call, and before each that is made again:
	 * @last says why. 0 or an enum failure. NULL: nothing.
	 */
	int (*prepare)(struct applet_call *call, const struct refusal *last);
	bool sets_pin;
};

/* To the applet that the arguments mean. 0 or an enum failure; in each case applet_call_clear(). */
int applet_call_open(struct applet_call *call, const struct arguments *arguments);
void applet_call_clear(struct applet_call *call);

/*
 * Settles where the PIN comes from: --pin-fd; the reader's pad, if the person wants that, or by
 * itself with @takes_pad; the person at the terminal. Where there is none of these, the service has
 * to find one. 0 or an enum failure. @call stays where it is from here on.
 */
int applet_call_find_pin(struct applet_call *call, bool takes_pad);

/*
 * Makes the call. A person at the terminal may correct a mistake while more than one try is left,
 * and is asked for consent to use the last. 0 with *ret_reply, the caller's to unref; or an enum
 * failure.
 */
int applet_call_make(struct applet_call *call, const struct applet_method *method,
		     DBusMessage **ret_reply);

/*
 * After a call that was made: the PIN that was typed for it at the terminal, and was right, goes
 * along with the next one too.
 */
void applet_call_keep_pin(struct applet_call *call);

/*
 * All of that for a command: @output is then open for what is made of the reply. 0 or an enum
 * failure.
 */
int applet_call_run(const struct arguments *arguments, const struct applet_method *method,
		    bool takes_pad, DBusMessage **ret_reply, struct output *output);

/* The ay of a reply. False: nothing is in it, which the service never answers. */
bool applet_call_bytes(DBusMessage *reply, const uint8_t **ret_bytes, size_t *ret_length);
