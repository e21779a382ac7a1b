/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/json.h"

#include <jansson.h>

#include "client/text.h"

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
	json_t *tries = applet->tries_left < 0 ? json_null() : json_integer(applet->tries_left);

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

static json_t *member_value(const struct field *field, const struct description *description)
{
	const void *member = (const char *)description + field->offset;
	char time[DESCRIPTION_TIME_SIZE];
	const char *text;

	if (field->type == DBUS_TYPE_UINT64) {
		text = description_time(*(const uint64_t *)member, true, time);
		return *text ? json_string(text) : json_null();
	}
	text = *(char *const *)member;
	return text ? json_string(text) : json_null();
}

/* NULL: no memory. */
static json_t *members_value(const struct field *fields, const struct description *description)
{
	json_t *value = json_object();

	for (; fields->key; fields++) {
		if (json_object_set_new(value, fields->key, member_value(fields, description)) == 0)
			continue;
		json_decref(value);
		return NULL;
	}
	return value;
}

bool json_print_description(const struct description *description, FILE *stream)
{
	json_t *value = members_value(description_fields, description);
	json_t *holder = description->has_holder ?
				 members_value(description_holder_fields, description) :
				 json_null();

	if (json_object_set_new(value, "holder", holder) == 0)
		return print(value, stream);
	json_decref(value);
	return false;
}
