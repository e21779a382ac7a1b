/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/session.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/jpkictl/reader.h"
#include "client/language.h"
#include "client/output.h"
#include "dbus/connection.h"

int session_open(struct session *session, const struct arguments *arguments)
{
	struct refusal refusal;
	bool is_running;
	int failure;

	session->arguments = arguments;
	failure = service_open(&session->service);
	if (failure != 0)
		return failure;
	is_running = dbus_bus_name_has_owner(session->service, SERVICE_NAME, NULL);
	if (inventory_load(&session->inventory, session->service,
			   is_running ? SERVICE_ANSWER_PATIENCE : SERVICE_START_PATIENCE,
			   &refusal))
		return 0;
	if (refusal.result == -ETIMEDOUT)
		return failure_say(FAILURE_NO_SERVICE,
				   _("The service jpkid does not answer; restart it with: "
				     "systemctl restart jpkid"));
	return refusal_say(&refusal);
}

void session_close(struct session *session)
{
	inventory_clear(&session->inventory);
	connection_close(session->service);
}

bool session_means_reader(const struct session *session, const struct reader *reader)
{
	const char *wanted = session->arguments->reader;

	return !wanted || strcmp(reader->path, wanted) == 0 || strstr(reader->name, wanted);
}

const struct reader *session_nearest_reader(const struct session *session)
{
	const struct inventory *inventory = &session->inventory;
	const struct reader *nearest = NULL;

	for (size_t i = 0; i < inventory->reader_count; i++) {
		const struct reader *reader = &inventory->readers[i];

		if (session_means_reader(session, reader) &&
		    (!nearest || reader_obstacle(inventory, reader) <
					 reader_obstacle(inventory, nearest)))
			nearest = reader;
	}
	return nearest;
}

static bool has_meant_card(const struct session *session, const struct reader *reader)
{
	const struct inventory *inventory = &session->inventory;
	const char *wanted = session->arguments->card;

	return session_means_reader(session, reader) &&
	       reader_obstacle(inventory, reader) == OBSTACLE_NONE &&
	       (!wanted || strcmp(inventory_card(inventory, reader)->path, wanted) == 0);
}

/* The first reader after @after (NULL: of all) that has a usable card that is meant. */
static const struct reader *next_reader(const struct session *session, const struct reader *after)
{
	const struct inventory *inventory = &session->inventory;

	for (size_t i = after ? (size_t)(after - inventory->readers) + 1 : 0;
	     i < inventory->reader_count; i++)
		if (has_meant_card(session, &inventory->readers[i]))
			return &inventory->readers[i];
	return NULL;
}

/* --- no card ------ */

static int say_no_card(const struct session *session)
{
	const struct inventory *inventory = &session->inventory;
	const struct reader *reader = session_nearest_reader(session);
	const char *wanted = session->arguments->reader;
	enum obstacle obstacle;

	if (!inventory->manager.pcsc_available)
		return refusal_say_result(ANSWER_PCSC_UNAVAILABLE);
	if (inventory->reader_count == 0)
		return failure_say(FAILURE_NO_CARD, _("There is no card reader; connect one."));
	if (session->arguments->card)
		return failure_say(FAILURE_NO_CARD,
				   wanted ? _("There is no usable card '%s' in that reader; see: "
					      "jpkictl status") :
					    _("There is no usable card '%s'; see: jpkictl status"),
				   session->arguments->card);

	if (!reader)
		return failure_say(FAILURE_NO_CARD,
				   _("There is no reader '%s'; see: jpkictl status"), wanted);
	obstacle = reader_obstacle(inventory, reader);
	return failure_say(obstacle_failure(obstacle), "%s: %s", reader->name,
			   obstacle_advice(obstacle));
}

bool session_has_card(const struct session *session)
{
	return next_reader(session, NULL);
}

int session_expect_card(const struct session *session)
{
	return session_has_card(session) ? 0 : say_no_card(session);
}

/* --- one card ------ */

static int say_several(const struct session *session)
{
	CLEANUP(output_clear) struct output list = OUTPUT_INIT;
	const struct reader *reader = NULL;
	int failure = output_open(&list);

	if (failure != 0)
		return failure;
	while ((reader = next_reader(session, reader)))
		fprintf(list.stream, "%s%s ('%s')", ftell(list.stream) > 0 ? ", " : "",
			reader->card, reader->name);
	if (fflush(list.stream) != 0)
		return failure_no_memory();
	return failure_say(FAILURE_USAGE,
			   _("There are several cards; choose one with --reader or --card: %s"),
			   list.bytes);
}

static int choose_reader(const struct session *session, const struct reader **ret_reader)
{
	const struct reader *reader = next_reader(session, NULL);

	if (!reader)
		return say_no_card(session);
	if (next_reader(session, reader))
		return say_several(session);
	*ret_reader = reader;
	return 0;
}

int session_choose_card(const struct session *session, const struct card **ret_card)
{
	const struct reader *reader;
	int failure = choose_reader(session, &reader);

	if (failure == 0)
		*ret_card = inventory_card(&session->inventory, reader);
	return failure;
}

int session_choose_applet(struct session *session, const struct reader **ret_reader,
			  struct applet **ret_applet)
{
	int failure = choose_reader(session, ret_reader);

	if (failure != 0)
		return failure;
	*ret_applet = inventory_applet(&session->inventory,
				       inventory_card(&session->inventory, *ret_reader),
				       session->arguments->applet);
	return *ret_applet ? 0 : refusal_say_result(ANSWER_CARD_REMOVED);
}
