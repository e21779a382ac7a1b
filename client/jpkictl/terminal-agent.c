/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/terminal-agent.h"

#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/jpkictl/pin.h"
#include "client/language.h"

/* --- what the service says ------ */

static void on_ask(struct agent_question *question, void *userdata)
{
	struct terminal_agent *agent = userdata;

	/* One call is out at a time, and it needs one PIN. */
	if (agent->question)
		return agent_dismiss(agent->agent, question);
	agent->question = question;
	agent->is_cancelled = false;
}

static void on_cancel(uint64_t number, void *userdata)
{
	struct terminal_agent *agent = userdata;

	if (agent->question && agent->question->number == number)
		agent->is_cancelled = true;
}

static void on_lost(void *userdata)
{
	struct terminal_agent *agent = userdata;

	agent->is_cancelled = true;
}

int terminal_agent_open(struct terminal_agent *agent, DBusConnection *service, int terminal,
			const struct applet *applet)
{
	static const struct agent_methods methods = {
		.ask = on_ask,
		.cancel = on_cancel,
		.lost = on_lost,
	};
	struct refusal refusal;

	*agent = (struct terminal_agent){
		.service = service,
		.terminal = terminal,
		.tries_max = applet->tries_max,
	};
	if (!agent_new(service, true, &methods, agent, &agent->agent, &refusal))
		return refusal_say(&refusal);
	return 0;
}

void terminal_agent_close(struct terminal_agent *agent)
{
	if (agent->question)
		agent_dismiss(agent->agent, agent->question);
	agent->agent = agent_free(agent->agent);
	agent->pin = secret_free(agent->pin);
}

/* --- the question ------ */

/* While the person types, the service can lose the card, end, or give up waiting. */
static bool is_wanted(void *userdata)
{
	struct terminal_agent *agent = userdata;

	dbus_connection_read_write(agent->service, 0);
	while (dbus_connection_dispatch(agent->service) == DBUS_DISPATCH_DATA_REMAINS)
		;
	return !agent->is_cancelled && dbus_connection_get_is_connected(agent->service);
}

static int ask(struct terminal_agent *agent, struct secret **ret_pin)
{
	const struct agent_question *question = agent->question;
	struct terminal_watch watch = { .is_wanted = is_wanted, .userdata = agent };

	if (!dbus_connection_get_unix_fd(agent->service, &watch.fd))
		watch.fd = -1;
	return pin_ask(agent->terminal, label_find(question->applet), question->tries_left,
		       agent->tries_max, &watch, ret_pin);
}

void terminal_agent_run(void *userdata)
{
	struct terminal_agent *agent = userdata;
	CLEANUP(closep) int fd = -1;

	if (!agent->question)
		return;
	agent->pin = secret_free(agent->pin);
	agent->failure = ask(agent, &agent->pin);
	if (agent->pin)
		fd = pin_to_descriptor(agent->pin);
	if (fd >= 0)
		agent_answer(agent->agent, TAKE(agent->question), fd);
	else
		agent_dismiss(agent->agent, TAKE(agent->question));
	if (agent->pin && fd < 0)
		agent->failure = failure_say(FAILURE_OTHER, _("The PIN cannot be handed to the "
							      "service: %s"),
					     strerror(-fd));
}
