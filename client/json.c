/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/json.h"

#include <jansson.h>

#include "client/label.h"

/* Consumes @value, which is NULL where memory was missing. */
static bool print(json_t *value, FILE *stream)
{
	const bool done = value && json_dumpf(value, stream, JSON_INDENT(2)) == 0;

	json_decref(value);
	fputc('\n', stream);
	return done;
}

static json_t *applet_value(const struct applet *applet)
{
	const bool known = applet->tries_left != TRIES_UNKNOWN;
	json_t *tries = known ? json_integer(applet->tries_left) : json_null();

	return json_pack("{s:s, s:b, s:o, s:i, s:b}",
			 "path", applet->path,
			 "certificate", applet->has_certificate,
			 "tries-left", tries,
			 "tries-max", applet->tries_max,
			 "locked", applet->tries_left == 0);
}

static json_t *card_value(struct session *session, const struct card *card)
{
	json_t *value = json_pack("{s:s, s:s}", "path", card->path, "type", card->type);

	for (size_t i = 0; i < LABEL_COUNT; i++) {
		const struct applet *applet = inventory_applet(&session->inventory, card,
							       labels[i].kind);

		if (applet && json_object_set_new(value, applet->kind, applet_value(applet)) < 0) {
			json_decref(value);
			return NULL;
		}
	}
	return value;
}

static json_t *reader_value(struct session *session, const struct reader *reader)
{
	const struct card *card = inventory_card(&session->inventory, reader);

	return json_pack("{s:s, s:s, s:s, s:o}",
			 "path", reader->path,
			 "name", reader->name,
			 "state", reader->state,
			 "card", card ? card_value(session, card) : json_null());
}

bool json_print_status(struct session *session, FILE *stream)
{
	const struct inventory *inventory = &session->inventory;
	json_t *readers = json_array();

	for (size_t i = 0; i < inventory->reader_count; i++) {
		const struct reader *reader = &inventory->readers[i];

		if (!session_means_reader(session, reader))
			continue;
		if (json_array_append_new(readers, reader_value(session, reader)) < 0) {
			json_decref(readers);
			return false;
		}
	}
	return print(json_pack("{s:s, s:b, s:o}",
			       "service-version", inventory->manager.version,
			       "pcsc-available", inventory->manager.pcsc_available,
			       "readers", readers),
		     stream);
}

bool json_print_pins(struct session *session, const struct card *card, FILE *stream)
{
	return print(card_value(session, card), stream);
}

static json_t *time_value(uint64_t seconds)
{
	char text[DESCRIPTION_TIME_SIZE];

	return *description_time(seconds, text) ? json_string(text) : json_null();
}

static json_t *holder_value(const struct description *description)
{
	if (!description->name && !description->address && !description->birth_date &&
	    !description->gender)
		return json_null();
	return json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?}",
			 "name", description->name,
			 "name-substituted", description->name_substituted,
			 "gender", description->gender,
			 "birth-date", description->birth_date,
			 "address", description->address,
			 "address-substituted", description->address_substituted);
}

bool json_print_description(const struct description *description, FILE *stream)
{
	return print(json_pack("{s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:s?, s:s?, s:o}",
			       "subject", description->subject,
			       "issuer", description->issuer,
			       "serial", description->serial,
			       "key", description->key,
			       "not-before", time_value(description->not_before),
			       "not-after", time_value(description->not_after),
			       "renewable-from", time_value(description->renewable_from),
			       "state", description->state,
			       "revocation", description->revocation,
			       "holder", holder_value(description)),
		     stream);
}
