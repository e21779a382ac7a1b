/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/inventory.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/dictionary.h"

#define ROOT_PATH "/org/jpkid1"

static const struct field manager_fields[] = {
	{ "Version", DBUS_TYPE_STRING, offsetof(struct manager, version) },
	{ "PcscAvailable", DBUS_TYPE_BOOLEAN, offsetof(struct manager, pcsc_available) },
	{ 0 },
};

static const struct field reader_fields[] = {
	{ "Name", DBUS_TYPE_STRING, offsetof(struct reader, name) },
	{ "State", DBUS_TYPE_STRING, offsetof(struct reader, state) },
	{ "Card", DBUS_TYPE_OBJECT_PATH, offsetof(struct reader, card) },
	{ "HasPinPad", DBUS_TYPE_BOOLEAN, offsetof(struct reader, has_pin_pad) },
	{ 0 },
};

static const struct field card_fields[] = {
	{ "Type", DBUS_TYPE_STRING, offsetof(struct card, type) },
	{ 0 },
};

static const struct field applet_fields[] = {
	{ "Kind", DBUS_TYPE_STRING, offsetof(struct applet, kind) },
	{ "HasCertificate", DBUS_TYPE_BOOLEAN, offsetof(struct applet, has_certificate) },
	{ "TriesLeft", DBUS_TYPE_INT32, offsetof(struct applet, tries_left) },
	{ "TriesMax", DBUS_TYPE_BYTE, offsetof(struct applet, tries_max) },
	{ "CanResetPin", DBUS_TYPE_BOOLEAN, offsetof(struct applet, can_reset_pin) },
	{ 0 },
};

/* Which objects go into which array of an inventory. */
#define ARRAY(array, count)                                                                        \
	offsetof(struct inventory, count), offsetof(struct inventory, array),                      \
		sizeof(((struct inventory *)NULL)->array[0]),                                      \
		LENGTH_OF(((struct inventory *)NULL)->array)

static const struct kind {
	const char *interface;
	const struct field *fields;
	size_t count, objects, object_size, max;
} kinds[] = {
	{ "org.jpkid1.Reader", reader_fields, ARRAY(readers, reader_count) },
	{ "org.jpkid1.Card", card_fields, ARRAY(cards, card_count) },
	{ APPLET_INTERFACE, applet_fields, ARRAY(applets, applet_count) },
};

static size_t *kind_count(const struct kind *kind, struct inventory *inventory)
{
	return (size_t *)(void *)((char *)inventory + kind->count);
}

static void *kind_object(const struct kind *kind, struct inventory *inventory, size_t i)
{
	return (char *)inventory + kind->objects + i * kind->object_size;
}

/* --- GetManagedObjects ----------------------------------------------------------------------- */

static int interface_read(struct inventory *inventory, const char *path, const char *interface,
			  const DBusMessageIter *properties)
{
	const struct kind *kind = kinds;
	size_t *count;
	char **object;

	while (kind < kinds + LENGTH_OF(kinds) && strcmp(kind->interface, interface) != 0)
		kind++;
	if (kind == kinds + LENGTH_OF(kinds))
		return 0;
	count = kind_count(kind, inventory);
	if (*count == kind->max)
		return -E2BIG;
	object = kind_object(kind, inventory, (*count)++);
	*object = strdup(path);
	return *object ? dictionary_read(properties, kind->fields, true, object) : -ENOMEM;
}

/* The {oa{sa{sv}}} at @object. */
static int interfaces_read(struct inventory *inventory, DBusMessageIter *object)
{
	DBusMessageIter fields, interfaces, properties;
	const char *path, *interface;
	int r = 0;

	dbus_message_iter_recurse(object, &fields);
	dbus_message_iter_get_basic(&fields, &path);
	dbus_message_iter_next(&fields);
	dbus_message_iter_recurse(&fields, &interfaces);
	for (; r == 0 && dbus_message_iter_get_arg_type(&interfaces) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&interfaces)) {
		dbus_message_iter_recurse(&interfaces, &properties);
		dbus_message_iter_get_basic(&properties, &interface);
		dbus_message_iter_next(&properties);
		r = interface_read(inventory, path, interface, &properties);
	}
	return r;
}

static int objects_read(struct inventory *inventory, DBusMessage *reply)
{
	DBusMessageIter iter, objects;
	int r = 0;

	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &objects);
	for (; r == 0 && dbus_message_iter_get_arg_type(&objects) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&objects))
		r = interfaces_read(inventory, &objects);
	return r;
}

static void write_manager(struct writer *writer, const void *data)
{
	(void)data;
	writer_string(writer, "org.jpkid1.Manager");
}

bool inventory_load(struct inventory *inventory, DBusConnection *service,
		    struct refusal *ret_refusal)
{
	/* The manager is not below itself. */
	static const struct request get_manager = {
		.path = ROOT_PATH,
		.interface = DBUS_INTERFACE_PROPERTIES,
		.member = "GetAll",
		.signature = "a{sv}",
		.write = write_manager,
	};
	static const struct request get_objects = {
		.path = ROOT_PATH,
		.interface = "org.freedesktop.DBus.ObjectManager",
		.member = "GetManagedObjects",
		.signature = "a{oa{sa{sv}}}",
	};
	CLEANUP(message_unrefp) DBusMessage *manager = NULL, *objects = NULL;
	DBusMessageIter iter;
	int r;

	if (!service_call(service, &get_manager, &manager, ret_refusal) ||
	    !service_call(service, &get_objects, &objects, ret_refusal))
		return false;
	dbus_message_iter_init(manager, &iter);
	r = dictionary_read(&iter, manager_fields, true, &inventory->manager);
	if (r == 0)
		r = objects_read(inventory, objects);
	return r == 0 || refusal_set(ret_refusal, r);
}

void inventory_clear(struct inventory *inventory)
{
	dictionary_clear(manager_fields, &inventory->manager);
	for (const struct kind *kind = kinds; kind < kinds + LENGTH_OF(kinds); kind++) {
		for (size_t i = 0; i < *kind_count(kind, inventory); i++) {
			char **object = kind_object(kind, inventory, i);

			free(*object);
			dictionary_clear(kind->fields, object);
		}
	}
}

/* --- what belongs together ------------------------------------------------------------------- */

const struct card *inventory_card(const struct inventory *inventory, const struct reader *reader)
{
	for (size_t i = 0; i < inventory->card_count; i++)
		if (strcmp(inventory->cards[i].path, reader->card) == 0)
			return &inventory->cards[i];
	return NULL;
}

const struct reader *inventory_reader(const struct inventory *inventory, const struct card *card)
{
	for (size_t i = 0; i < inventory->reader_count; i++)
		if (strcmp(inventory->readers[i].card, card->path) == 0)
			return &inventory->readers[i];
	return NULL;
}

struct applet *inventory_applet(struct inventory *inventory, const struct card *card,
				const char *kind)
{
	const size_t length = strlen(card->path);

	for (size_t i = 0; i < inventory->applet_count; i++) {
		struct applet *applet = &inventory->applets[i];

		if (strcmp(applet->kind, kind) == 0 &&
		    strncmp(applet->path, card->path, length) == 0 && applet->path[length] == '/')
			return applet;
	}
	return NULL;
}

bool card_is_usable(const struct card *card)
{
	return strcmp(card->type, "juki-card") != 0;
}

static void write_no_options(struct writer *writer, const void *data)
{
	struct writer options;

	(void)data;
	writer_open(writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	writer_close(&options);
}

bool applet_ask_tries(struct applet *applet, DBusConnection *service, struct refusal *ret_refusal)
{
	const struct request get_tries = {
		.path = applet->path,
		.interface = APPLET_INTERFACE,
		.member = "GetTries",
		.signature = "i",
		.write = write_no_options,
	};
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	DBusMessageIter iter;
	int32_t tries;

	if (!service_call(service, &get_tries, &reply, ret_refusal))
		return false;
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_get_basic(&iter, &tries);
	/* Nobody may be asked for a PIN without being told how many tries it has. */
	if (tries < 0)
		return refusal_set(ret_refusal, -EPROTO);
	applet->tries_left = tries;
	return true;
}
