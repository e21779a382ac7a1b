/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bus side of a card. */
#include "daemon/card.h"

static void get_reader(const void *userdata, struct writer *writer)
{
	const struct card *card = userdata;

	writer_path(writer, card->reader_path);
}

static void get_type(const void *userdata, struct writer *writer)
{
	const struct card *card = userdata;

	writer_string(writer, jpki_type_name(card->type));
}

static const struct property properties[] = {
	{ "Reader", "o", .get = get_reader, .constant = true },
	{ "Type", "s", .get = get_type, .constant = true },
	{ 0 },
};

static const struct interface card_interface = {
	.name = "org.jpkid1.Card",
	.properties = properties,
};

const struct interface *const card_interfaces[] = { &card_interface, NULL };
