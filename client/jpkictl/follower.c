/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/follower.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"

/* --- telling ------ */

static int tell(const struct follower *follower, struct event event)
{
	event.time = time(NULL);
	event.inventory = follower->inventory;
	event.is_initial = !follower->is_told;
	return follower->tell(&event, follower->userdata);
}

/* As long as the beginning is not told, changes only become part of it. */
static int tell_change(const struct follower *follower, struct event event)
{
	return follower->is_told ? tell(follower, event) : 0;
}

static int tell_tries(const struct follower *follower, const struct applet *applet)
{
	const struct inventory *inventory = follower->inventory;
	const struct card *card = inventory_applet_card(inventory, applet);
	const struct reader *reader = card ? inventory_reader(inventory, card) : NULL;

	if (!reader)
		return 0;
	return tell(follower, (struct event){ .kind = EVENT_TRIES,
					      .reader = reader,
					      .card = card,
					      .applet = applet });
}

static int tell_beginning(struct follower *follower)
{
	const struct inventory *inventory = follower->inventory;
	int end = tell(follower, (struct event){ .kind = EVENT_SERVICE_RUNNING });

	if (end == 0)
		end = tell(follower, (struct event){ .kind = EVENT_PCSCD });
	for (size_t i = 0; end == 0 && i < inventory->reader_count; i++)
		end = tell(follower, (struct event){ .kind = EVENT_READER_ADDED,
						     .reader = &inventory->readers[i] });
	for (size_t i = 0; end == 0 && i < inventory->applet_count; i++)
		if (inventory->applets[i].tries_left >= 0)
			end = tell_tries(follower, &inventory->applets[i]);
	follower->is_told = true;
	return end;
}

/* --- changes ------ */

static int change_manager(struct follower *follower, struct manager *manager,
			  const DBusMessageIter *properties)
{
	CLEANUP(freep) char *before = strdup(manager->pcsc_state ? manager->pcsc_state : "");
	int r = before ? inventory_change(follower->inventory, MANAGER_INTERFACE, manager,
					  properties) :
			 -ENOMEM;

	if (r < 0)
		return refusal_say_result(r);
	if (!manager->pcsc_state || strcmp(manager->pcsc_state, before) == 0)
		return 0;
	return tell_change(follower, (struct event){ .kind = EVENT_PCSCD });
}

/* @before: the reader's properties. The card that has gone is still known. */
static int tell_change_of_reader(const struct follower *follower, const struct reader *before,
				 const struct reader *reader)
{
	const struct inventory *inventory = follower->inventory;
	const struct card *gone = inventory_card(inventory, before);
	const struct card *there = inventory_card(inventory, reader);
	int end = 0;

	if (gone == there && strcmp(reader->state, before->state) == 0)
		return 0;
	if (gone == there)
		return tell_change(follower, (struct event){ .kind = EVENT_READER_STATE,
							     .reader = reader });
	if (gone)
		end = tell_change(follower, (struct event){ .kind = EVENT_CARD_REMOVED,
							    .reader = reader,
							    .card = gone });
	if (end == 0 && there)
		end = tell_change(follower, (struct event){ .kind = EVENT_CARD_INSERTED,
							    .reader = reader,
							    .card = there });
	return end;
}

static int change_reader(struct follower *follower, struct reader *reader,
			 const DBusMessageIter *properties)
{
	CLEANUP(freep) char *state = strdup(reader->state), *card = strdup(reader->card);
	const struct reader before = { .state = state, .card = card };
	int r = state && card ? inventory_change(follower->inventory, READER_INTERFACE, reader,
						 properties) :
				-ENOMEM;

	return r < 0 ? refusal_say_result(r) : tell_change_of_reader(follower, &before, reader);
}

static int change_applet(struct follower *follower, struct applet *applet,
			 const DBusMessageIter *properties)
{
	const int32_t before = applet->tries_left;
	int r = inventory_change(follower->inventory, APPLET_INTERFACE, applet, properties);

	if (r < 0)
		return refusal_say_result(r);
	return applet->tries_left != before && follower->is_told ? tell_tries(follower, applet) : 0;
}

static int on_properties_changed(struct follower *follower, const char *path, DBusMessageIter body)
{
	const char *interface;
	void *object;

	dbus_message_iter_get_basic(&body, &interface);
	dbus_message_iter_next(&body);
	object = inventory_find(follower->inventory, interface, path);
	if (!object)
		return 0;
	if (strcmp(interface, MANAGER_INTERFACE) == 0)
		return change_manager(follower, object, &body);
	if (strcmp(interface, READER_INTERFACE) == 0)
		return change_reader(follower, object, &body);
	if (strcmp(interface, APPLET_INTERFACE) == 0)
		return change_applet(follower, object, &body);
	return 0;
}

static int on_interfaces_added(struct follower *follower, DBusMessageIter body)
{
	struct inventory *inventory = follower->inventory;
	const struct reader *reader;
	const char *path;
	int r = inventory_add(inventory, body);

	if (r < 0)
		return refusal_say_result(r);
	dbus_message_iter_get_basic(&body, &path);
	reader = inventory_find(inventory, READER_INTERFACE, path);
	if (!reader)
		return 0;
	return tell_change(follower, (struct event){ .kind = EVENT_READER_ADDED,
						     .reader = reader });
}

static int on_interfaces_removed(struct follower *follower, DBusMessageIter body)
{
	struct inventory *inventory = follower->inventory;
	const struct reader *reader;
	const char *path;
	int end = 0;

	dbus_message_iter_get_basic(&body, &path);
	reader = inventory_find(inventory, READER_INTERFACE, path);
	if (reader)
		end = tell_change(follower, (struct event){ .kind = EVENT_READER_REMOVED,
							    .reader = reader });
	inventory_remove(inventory, path);
	return end;
}

/* --- the service comes and goes ------ */

/* 0: it could not be sent. */
static uint32_t send(DBusConnection *bus, const struct request *request, bool may_start)
{
	CLEANUP(message_unrefp) DBusMessage *message = service_message(request);
	uint32_t serial = 0;

	if (!message)
		return 0;
	dbus_message_set_auto_start(message, may_start);
	return dbus_connection_send(bus, message, &serial) ? serial : 0;
}

static int ask_service(struct follower *follower, bool may_start)
{
	DBusConnection *bus = follower->service;

	follower->objects_serial = send(bus, &inventory_request, may_start);
	follower->manager_serial = send(bus, &inventory_manager_request, may_start);
	return follower->objects_serial && follower->manager_serial ? 0 : failure_no_memory();
}

static void forget_service(struct follower *follower)
{
	inventory_clear(follower->inventory);
	free(TAKE(follower->owner));
	follower->objects_serial = follower->manager_serial = 0;
	follower->is_told = false;
}

static int on_owner_change(struct follower *follower, const char *before, const char *now)
{
	int end = 0;

	if (*before) {
		end = tell_change(follower, (struct event){ .kind = EVENT_SERVICE_GONE });
		forget_service(follower);
	}
	/* An answer that is awaited already is the one of the service that it has started. */
	if (end == 0 && *now && follower->objects_serial == 0)
		end = ask_service(follower, false);
	return end;
}

static int on_objects(struct follower *follower, DBusMessage *reply)
{
	int r = inventory_read(follower->inventory, reply);

	if (r < 0)
		return refusal_say_result(r);
	follower->owner = strdup(dbus_message_get_sender(reply));
	return follower->owner ? 0 : failure_no_memory();
}

static int on_manager(struct follower *follower, DBusMessage *reply)
{
	int r = inventory_read_manager(follower->inventory, reply);

	if (r < 0)
		return refusal_say_result(r);
	return follower->owner ? tell_beginning(follower) : 0;
}

static int on_reply(struct follower *follower, DBusMessage *reply)
{
	const uint32_t serial = dbus_message_get_reply_serial(reply);
	const bool is_objects = serial == follower->objects_serial;
	struct refusal refusal;

	if (!is_objects && serial != follower->manager_serial)
		return 0;
	if (!service_accepts(reply,
			     is_objects ? inventory_request.signature :
					  inventory_manager_request.signature,
			     &refusal))
		return refusal_say(&refusal);
	return is_objects ? on_objects(follower, reply) : on_manager(follower, reply);
}

/* --- messages ------ */

static bool is_signal(DBusMessage *message, const char *interface, const char *member,
		      const char *signature)
{
	return dbus_message_is_signal(message, interface, member) &&
	       dbus_message_has_signature(message, signature);
}

/* Of the service, and nobody else: everybody may send us signals. */
static int on_service_signal(struct follower *follower, DBusMessage *signal)
{
	DBusMessageIter body;

	if (!follower->owner || !dbus_message_has_sender(signal, follower->owner))
		return 0;
	dbus_message_iter_init(signal, &body);
	if (is_signal(signal, DBUS_INTERFACE_PROPERTIES, "PropertiesChanged", "sa{sv}as"))
		return on_properties_changed(follower, dbus_message_get_path(signal), body);
	if (is_signal(signal, OBJECT_MANAGER_INTERFACE, "InterfacesAdded", "oa{sa{sv}}"))
		return on_interfaces_added(follower, body);
	if (is_signal(signal, OBJECT_MANAGER_INTERFACE, "InterfacesRemoved", "oas"))
		return on_interfaces_removed(follower, body);
	return 0;
}

static int on_message(struct follower *follower, DBusMessage *message)
{
	const int type = dbus_message_get_type(message);
	const char *before, *now;

	if (type == DBUS_MESSAGE_TYPE_METHOD_RETURN || type == DBUS_MESSAGE_TYPE_ERROR)
		return on_reply(follower, message);
	if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected"))
		return refusal_say_result(-ENOTCONN);
	if (service_owner_change(message, &before, &now))
		return on_owner_change(follower, before, now);
	return on_service_signal(follower, message);
}

int follower_take(struct follower *follower)
{
	int end = 0;

	while (end == 0) {
		CLEANUP(message_unrefp) DBusMessage *message =
			dbus_connection_pop_message(follower->service);

		if (!message)
			break;
		end = on_message(follower, message);
	}
	return end;
}

/* --- the follower ------ */

static int watch_service(DBusConnection *bus)
{
	static const char *const rules[] = {
		"type='signal',sender='" SERVICE_NAME "',path_namespace='" ROOT_PATH "'",
		SERVICE_OWNER_RULE,
	};
	DBusError error = DBUS_ERROR_INIT;

	for (size_t i = 0; i < LENGTH_OF(rules) && !dbus_error_is_set(&error); i++)
		dbus_bus_add_match(bus, rules[i], &error);
	if (!dbus_error_is_set(&error))
		return 0;
	dbus_error_free(&error);
	return refusal_say_result(-ENOTCONN);
}

int follower_begin(struct follower *follower)
{
	int end = watch_service(follower->service);

	return end != 0 ? end : ask_service(follower, true);
}

void follower_clear(struct follower *follower)
{
	free(follower->owner);
}
