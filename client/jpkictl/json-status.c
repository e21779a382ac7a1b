/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/applet.h"
#include "client/jpkictl/json-value.h"
#include "client/jpkictl/json.h"
#include "client/label.h"

static json_t *days_value(const struct applet *applet)
{
	int days;

	return applet_days_left(applet, &days) ? json_integer(days) : json_null();
}

static json_t *applet_value(const struct applet *applet)
{
	const struct description *description = &applet->description;
	json_t *value = json_pack("{s:s, s:b, s:s?, s:o, s:o, s:o, s:o}",
				  "path", applet->path,
				  "certificate", applet->has_certificate,
				  "state", applet_state(applet),
				  "not-before", value_of_time(description->not_before),
				  "not-after", value_of_time(description->not_after),
				  "renewable-from", value_of_time(description->renewable_from),
				  "days-left", days_value(applet));

	return value_update(value, value_of_tries(applet));
}

static json_t *card_value(struct session *session, const struct card *card)
{
	json_t *value = json_pack("{s:s, s:s}", "path", card->path, "type", card->type);

	for (size_t i = 0; i < LABEL_COUNT; i++) {
		const struct applet *applet = inventory_applet(&session->inventory, card,
							       labels[i].kind);

		if (applet)
			value = value_set(value, applet->kind, applet_value(applet));
	}
	return value;
}

static json_t *reader_value(struct session *session, const struct reader *reader)
{
	const struct card *card = inventory_card(&session->inventory, reader);

	return value_set(value_of_reader(reader), "card",
			 card ? card_value(session, card) : json_null());
}

bool json_print_status(struct session *session, FILE *stream)
{
	const struct inventory *inventory = &session->inventory;
	json_t *readers = json_array();

	for (size_t i = 0; i < inventory->reader_count; i++)
		if (session_means_reader(session, &inventory->readers[i]))
			readers = value_append(readers,
					       reader_value(session, &inventory->readers[i]));
	return value_print(json_pack("{s:s, s:b, s:o}",
				     "service-version", inventory->manager.version,
				     "pcsc-available", inventory->manager.pcsc_available,
				     "readers", readers),
			   JSON_INDENT(2), stream);
}

bool json_print_pins(struct session *session, const struct card *card, FILE *stream)
{
	return value_print(card_value(session, card), JSON_INDENT(2), stream);
}
