/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/inventory.h"

#include <errno.h>
#include <stdio.h>
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
	{ 0 },
};

/* --- GetManagedObjects ----------------------------------------------------------------------- */

static int object_read(const char *path, const DBusMessageIter *properties,
		       const struct field *fields, char **ret_path, void *ret_object)
{
	*ret_path = strdup(path);
	return *ret_path ? dictionary_read(properties, fields, ret_object) : -ENOMEM;
}

static int reader_read(struct inventory *inventory, const char *path,
		       const DBusMessageIter *properties)
{
	struct reader *reader = &inventory->readers[inventory->reader_count];
	int r;

	if (inventory->reader_count == LENGTH_OF(inventory->readers))
		return -E2BIG;
	inventory->reader_count++;
	r = object_read(path, properties, reader_fields, &reader->path, reader);
	if (r < 0)
		return r;
	return reader->name && reader->state && reader->card ? 0 : -EPROTO;
}

static int card_read(struct inventory *inventory, const char *path,
		     const DBusMessageIter *properties)
{
	struct card *card = &inventory->cards[inventory->card_count];
	int r;

	if (inventory->card_count == LENGTH_OF(inventory->cards))
		return -E2BIG;
	inventory->card_count++;
	r = object_read(path, properties, card_fields, &card->path, card);
	if (r < 0)
		return r;
	return card->type ? 0 : -EPROTO;
}

static int applet_read(struct inventory *inventory, const char *path,
		       const DBusMessageIter *properties)
{
	struct applet *applet = &inventory->applets[inventory->applet_count];
	int r;

	if (inventory->applet_count == LENGTH_OF(inventory->applets))
		return -E2BIG;
	inventory->applet_count++;
	applet->tries_left = TRIES_UNKNOWN;
	r = object_read(path, properties, applet_fields, &applet->path, applet);
	if (r < 0)
		return r;
	return applet->kind ? 0 : -EPROTO;
}

static int interface_read(struct inventory *inventory, const char *path, const char *interface,
			  const DBusMessageIter *properties)
{
	if (strcmp(interface, "org.jpkid1.Reader") == 0)
		return reader_read(inventory, path, properties);
	if (strcmp(interface, "org.jpkid1.Card") == 0)
		return card_read(inventory, path, properties);
	if (strcmp(interface, APPLET_INTERFACE) == 0)
		return applet_read(inventory, path, properties);
	return 0;
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

static bool objects_load(struct inventory *inventory, struct service *service,
			 struct refusal *ret_refusal)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL, *reply = NULL;
	int r;

	message = service_message(ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
				  "GetManagedObjects");
	if (!message)
		return refusal_set(ret_refusal, -ENOMEM);
	if (!service_call(service, message, "a{oa{sa{sv}}}", &reply, ret_refusal))
		return false;
	r = objects_read(inventory, reply);
	return r == 0 || refusal_set(ret_refusal, r);
}

/* --- the manager, which is not below itself -------------------------------------------------- */

static int manager_read(struct manager *manager, DBusMessage *reply)
{
	DBusMessageIter iter;
	int r;

	dbus_message_iter_init(reply, &iter);
	r = dictionary_read(&iter, manager_fields, manager);
	if (r < 0)
		return r;
	return manager->version ? 0 : -EPROTO;
}

static bool manager_load(struct manager *manager, struct service *service,
			 struct refusal *ret_refusal)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL, *reply = NULL;
	struct writer writer;
	int r;

	message = service_message(ROOT_PATH, DBUS_INTERFACE_PROPERTIES, "GetAll");
	if (!message)
		return refusal_set(ret_refusal, -ENOMEM);
	writer_begin(&writer, message);
	writer_string(&writer, "org.jpkid1.Manager");
	r = writer_finish(&writer);
	if (r < 0)
		return refusal_set(ret_refusal, r);
	if (!service_call(service, message, "a{sv}", &reply, ret_refusal))
		return false;
	r = manager_read(manager, reply);
	return r == 0 || refusal_set(ret_refusal, r);
}

bool inventory_load(struct inventory *inventory, struct service *service,
		    struct refusal *ret_refusal)
{
	return manager_load(&inventory->manager, service, ret_refusal) &&
	       objects_load(inventory, service, ret_refusal);
}

void inventory_clear(struct inventory *inventory)
{
	dictionary_clear(manager_fields, &inventory->manager);
	for (size_t i = 0; i < inventory->reader_count; i++) {
		free(inventory->readers[i].path);
		dictionary_clear(reader_fields, &inventory->readers[i]);
	}
	for (size_t i = 0; i < inventory->card_count; i++) {
		free(inventory->cards[i].path);
		dictionary_clear(card_fields, &inventory->cards[i]);
	}
	for (size_t i = 0; i < inventory->applet_count; i++) {
		free(inventory->applets[i].path);
		dictionary_clear(applet_fields, &inventory->applets[i]);
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

bool applet_ask_tries(struct applet *applet, struct service *service, struct refusal *ret_refusal)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL, *reply = NULL;
	struct writer writer, options;
	int r;

	message = service_message(applet->path, APPLET_INTERFACE, "GetTries");
	if (!message)
		return refusal_set(ret_refusal, -ENOMEM);
	writer_begin(&writer, message);
	writer_open(&writer, &options, DBUS_TYPE_ARRAY, "{sv}");
	writer_close(&options);
	r = writer_finish(&writer);
	if (r < 0)
		return refusal_set(ret_refusal, r);
	if (!service_call(service, message, "i", &reply, ret_refusal))
		return false;
	return dbus_message_get_args(reply, NULL, DBUS_TYPE_INT32, &applet->tries_left,
				     DBUS_TYPE_INVALID) ||
	       refusal_set(ret_refusal, -EPROTO);
}
