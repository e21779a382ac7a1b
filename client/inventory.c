/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/inventory.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/dictionary.h"

static const struct field manager_fields[] = {
	{ "Version", DBUS_TYPE_STRING, offsetof(struct manager, version) },
	{ "PcscAvailable", DBUS_TYPE_BOOLEAN, offsetof(struct manager, pcsc_available) },
	{ "PcscState", DBUS_TYPE_STRING, offsetof(struct manager, pcsc_state) },
	{ "Reserve", DBUS_TYPE_UINT32, offsetof(struct manager, reserve) },
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
	{ READER_INTERFACE, reader_fields, ARRAY(readers, reader_count) },
	{ CARD_INTERFACE, card_fields, ARRAY(cards, card_count) },
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

static const struct kind *kind_find(const char *interface)
{
	for (const struct kind *kind = kinds; kind < kinds + LENGTH_OF(kinds); kind++)
		if (strcmp(kind->interface, interface) == 0)
			return kind;
	return NULL;
}

/* Every object begins with its path. */
static char **object_find(const struct kind *kind, struct inventory *inventory, const char *path)
{
	for (size_t i = 0; i < *kind_count(kind, inventory); i++) {
		char **object = kind_object(kind, inventory, i);

		if (strcmp(*object, path) == 0)
			return object;
	}
	return NULL;
}

static void object_clear(const struct kind *kind, char **object)
{
	struct applet *applet = (struct applet *)(void *)object;

	free(*object);
	dictionary_clear(kind->fields, object);
	if (kind->fields == applet_fields)
		description_clear(&applet->description);
}

/* --- what is told of the objects ------ */

static int interface_read(struct inventory *inventory, const char *path, const char *interface,
			  const DBusMessageIter *properties)
{
	const struct kind *kind = kind_find(interface);
	size_t *count;
	char **object;

	if (!kind)
		return 0;
	count = kind_count(kind, inventory);
	if (*count == kind->max)
		return -E2BIG;
	object = kind_object(kind, inventory, (*count)++);
	memset(object, 0, kind->object_size);
	*object = strdup(path);
	return *object ? dictionary_read(properties, kind->fields, true, object) : -ENOMEM;
}

int inventory_add(struct inventory *inventory, DBusMessageIter body)
{
	DBusMessageIter interfaces, properties;
	const char *path, *interface;
	int r = 0;

	dbus_message_iter_get_basic(&body, &path);
	inventory_remove(inventory, path);
	dbus_message_iter_next(&body);
	dbus_message_iter_recurse(&body, &interfaces);
	for (; r == 0 && dbus_message_iter_get_arg_type(&interfaces) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&interfaces)) {
		dbus_message_iter_recurse(&interfaces, &properties);
		dbus_message_iter_get_basic(&properties, &interface);
		dbus_message_iter_next(&properties);
		r = interface_read(inventory, path, interface, &properties);
	}
	return r;
}

void inventory_remove(struct inventory *inventory, const char *path)
{
	for (const struct kind *kind = kinds; kind < kinds + LENGTH_OF(kinds); kind++) {
		char **object = object_find(kind, inventory, path);
		size_t *count = kind_count(kind, inventory);

		if (!object)
			continue;
		object_clear(kind, object);
		memmove(object, (char *)object + kind->object_size,
			(size_t)((char *)kind_object(kind, inventory, --*count) - (char *)object));
	}
}

int inventory_change(struct inventory *inventory, const char *interface, void *object,
		     const DBusMessageIter *properties)
{
	const struct kind *kind = kind_find(interface);
	const bool is_manager = object == &inventory->manager;

	if (!kind && !is_manager)
		return -EPROTO;
	return dictionary_read(properties, is_manager ? manager_fields : kind->fields, false,
			       object);
}

void *inventory_find(struct inventory *inventory, const char *interface, const char *path)
{
	const struct kind *kind = kind_find(interface);

	if (strcmp(interface, MANAGER_INTERFACE) == 0 && strcmp(path, ROOT_PATH) == 0)
		return &inventory->manager;
	return kind ? object_find(kind, inventory, path) : NULL;
}

int inventory_read(struct inventory *inventory, DBusMessage *reply)
{
	DBusMessageIter iter, objects, object;
	int r = 0;

	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &objects);
	for (; r == 0 && dbus_message_iter_get_arg_type(&objects) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&objects)) {
		dbus_message_iter_recurse(&objects, &object);
		r = inventory_add(inventory, object);
	}
	return r;
}

int inventory_read_manager(struct inventory *inventory, DBusMessage *reply)
{
	DBusMessageIter iter;

	dbus_message_iter_init(reply, &iter);
	return dictionary_read(&iter, manager_fields, true, &inventory->manager);
}

/* --- all at once ------ */

static void write_manager(struct writer *writer, const void *data)
{
	writer_string(writer, MANAGER_INTERFACE);
}

/* The manager is not below itself. */
const struct request inventory_manager_request = {
	.path = ROOT_PATH,
	.interface = DBUS_INTERFACE_PROPERTIES,
	.member = "GetAll",
	.signature = "a{sv}",
	.write = write_manager,
};

const struct request inventory_request = {
	.path = ROOT_PATH,
	.interface = OBJECT_MANAGER_INTERFACE,
	.member = "GetManagedObjects",
	.signature = "a{oa{sa{sv}}}",
};

static bool load(struct inventory *inventory, DBusConnection *service, struct request request,
		 unsigned int patience,
		 int (*read)(struct inventory *inventory, DBusMessage *reply),
		 struct refusal *ret_refusal)
{
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	int r;

	request.patience = patience;
	if (!service_call(service, &request, &reply, ret_refusal))
		return false;
	r = read(inventory, reply);
	return r == 0 || refusal_set(ret_refusal, r);
}

bool inventory_load(struct inventory *inventory, DBusConnection *service, unsigned int patience,
		    struct refusal *ret_refusal)
{
	return load(inventory, service, inventory_manager_request, patience, inventory_read_manager,
		    ret_refusal) &&
	       load(inventory, service, inventory_request, patience, inventory_read, ret_refusal);
}

void inventory_clear(struct inventory *inventory)
{
	dictionary_clear(manager_fields, &inventory->manager);
	for (const struct kind *kind = kinds; kind < kinds + LENGTH_OF(kinds); kind++) {
		for (size_t i = 0; i < *kind_count(kind, inventory); i++)
			object_clear(kind, kind_object(kind, inventory, i));
		*kind_count(kind, inventory) = 0;
	}
}

/* --- what belongs together ------ */

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

static bool is_applet_of(const struct applet *applet, const struct card *card)
{
	const size_t length = strlen(card->path);

	return strncmp(applet->path, card->path, length) == 0 && applet->path[length] == '/';
}

const struct card *inventory_applet_card(const struct inventory *inventory,
					 const struct applet *applet)
{
	for (size_t i = 0; i < inventory->card_count; i++)
		if (is_applet_of(applet, &inventory->cards[i]))
			return &inventory->cards[i];
	return NULL;
}

struct applet *inventory_applet(struct inventory *inventory, const struct card *card,
				const char *kind)
{
	for (size_t i = 0; i < inventory->applet_count; i++) {
		struct applet *applet = &inventory->applets[i];

		if (strcmp(applet->kind, kind) == 0 && is_applet_of(applet, card))
			return applet;
	}
	return NULL;
}

bool card_is_usable(const struct card *card)
{
	return strcmp(card->type, "juki-card") != 0;
}

bool card_is_phone(const struct card *card)
{
	return strcmp(card->type, "android-phone") == 0 || strcmp(card->type, "iphone") == 0;
}
