/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bus side of a reader. */
#include "daemon/card.h"
#include "daemon/reader.h"

static void get_name(const void *userdata, struct writer *writer)
{
	const struct reader *reader = userdata;

	writer_string(writer, reader->display_name);
}

static void get_state(const void *userdata, struct writer *writer)
{
	const struct reader *reader = userdata;

	writer_string(writer, reader_state_name(reader->state));
}

static void get_has_pin_pad(const void *userdata, struct writer *writer)
{
	const struct reader *reader = userdata;

	writer_boolean(writer, reader->has_pin_pad);
}

static void get_card(const void *userdata, struct writer *writer)
{
	const struct reader *reader = userdata;

	writer_path(writer, reader->card ? object_path(reader->card->object) : "/");
}

static const struct property properties[] = {
	{ "Name", "s", .get = get_name, .constant = true },
	{ "State", "s", .get = get_state },
	{ "HasPinPad", "b", .get = get_has_pin_pad, .constant = true },
	{ "Card", "o", .get = get_card },
	{ 0 },
};

const struct interface reader_interface = {
	.name = "org.jpkid1.Reader",
	.properties = properties,
};

const struct interface *const reader_interfaces[] = { &reader_interface, NULL };
const char *const reader_changing_properties[] = { "State", "Card", NULL };
