/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/calendar.h"
#include "client/jpkictl/json-value.h"
#include "client/jpkictl/json.h"

static json_t *card_value(const struct event *event)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}",
			 "path", event->card->path,
			 "type", event->card->type,
			 "reader", event->reader->path,
			 "name", event->reader->name,
			 "state", event->reader->state);
}

static json_t *tries_value(const struct event *event)
{
	json_t *value = json_pack("{s:s, s:s, s:s, s:s, s:s}",
				  "path", event->applet->path,
				  "applet", event->applet->kind,
				  "card", event->card->path,
				  "reader", event->reader->path,
				  "name", event->reader->name);

	return value_update(value, value_of_tries(event->applet));
}

/* What this kind of event has beside what all have. */
static json_t *own_value(const struct event *event)
{
	const struct manager *manager = &event->inventory->manager;

	switch (event->kind) {
	case EVENT_SERVICE_RUNNING:
		return json_pack("{s:s, s:s}", "path", ROOT_PATH, "version", manager->version);
	case EVENT_SERVICE_GONE:
		return json_pack("{s:s}", "path", ROOT_PATH);
	case EVENT_PCSCD:
		return json_pack("{s:s, s:s}", "path", ROOT_PATH, "state", manager->pcsc_state);
	case EVENT_READER_ADDED:
	case EVENT_READER_REMOVED:
	case EVENT_READER_STATE:
		return value_of_reader(event->reader);
	case EVENT_CARD_INSERTED:
	case EVENT_CARD_REMOVED:
		return card_value(event);
	case EVENT_TRIES:
		return tries_value(event);
	}
	return NULL;
}

bool json_print_event(const struct event *event, FILE *stream)
{
	char time[CALENDAR_STAMP_SIZE];
	json_t *value = json_pack("{s:s, s:s, s:b}",
				  "time", calendar_local_stamp(event->time, time),
				  "event", event_name(event),
				  "initial", event->is_initial);

	return value_print(value_update(value, own_value(event)), JSON_COMPACT, stream);
}
