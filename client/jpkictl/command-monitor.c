/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jpkictl monitor: what the service shows is asked for once, and its signals are followed from then
 * on. Answers and signals are taken in the order in which they come, so that no change is lost and
 * none is told twice.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/jpkictl/command.h"
#include "client/jpkictl/event.h"
#include "client/jpkictl/json.h"
#include "client/jpkictl/session.h"
#include "client/output.h"

/* Beside 0 (go on) and an enum failure: nobody reads what is written. */
enum {
	OUTPUT_CLOSED = -1,
};

struct monitor {
	struct session session;
	char *owner; /* who sends the signals that count; NULL: nobody yet */
	/* Of the calls whose answers are awaited; 0: there is none. */
	uint32_t objects_serial, manager_serial;
	bool is_told; /* what there was at the beginning */
};

static void monitor_clear(struct monitor *monitor)
{
	free(monitor->owner);
	session_close(&monitor->session);
}

static int say(int result)
{
	struct refusal refusal;

	refusal_set(&refusal, result);
	return refusal_say(&refusal);
}

/* --- telling --------------------------------------------------------------------------------- */

static int print_event(const struct monitor *monitor, const struct event *event)
{
	if (!monitor->session.arguments->json)
		event_print(event, stdout);
	else if (!json_print_event(event, stdout))
		return failure_no_memory();
	if (fflush(stdout) == 0)
		return 0;
	if (errno == EPIPE)
		return OUTPUT_CLOSED;
	return output_fail(NULL, -errno);
}

static int tell(const struct monitor *monitor, struct event event)
{
	if (event.reader && !session_means_reader(&monitor->session, event.reader))
		return 0;
	event.time = time(NULL);
	event.inventory = &monitor->session.inventory;
	event.is_initial = !monitor->is_told;
	return print_event(monitor, &event);
}

/* As long as the beginning is not told, changes only become part of it. */
static int tell_change(const struct monitor *monitor, struct event event)
{
	return monitor->is_told ? tell(monitor, event) : 0;
}

static int tell_tries(const struct monitor *monitor, const struct applet *applet)
{
	const struct inventory *inventory = &monitor->session.inventory;
	const struct card *card = inventory_applet_card(inventory, applet);
	const struct reader *reader = card ? inventory_reader(inventory, card) : NULL;

	if (!reader)
		return 0;
	return tell(monitor, (struct event){ .kind = EVENT_TRIES,
					     .reader = reader,
					     .card = card,
					     .applet = applet });
}

static int tell_reader(const struct monitor *monitor, const struct reader *reader)
{
	const struct card *card = inventory_card(&monitor->session.inventory, reader);
	int end = tell(monitor, (struct event){ .kind = EVENT_READER_ADDED, .reader = reader });

	/* A person has been told what is in it. */
	if (end != 0 || !card || !monitor->session.arguments->json)
		return end;
	return tell(monitor, (struct event){ .kind = EVENT_CARD_INSERTED,
					     .reader = reader,
					     .card = card });
}

static int tell_beginning(struct monitor *monitor)
{
	const struct inventory *inventory = &monitor->session.inventory;
	int end = tell(monitor, (struct event){ .kind = EVENT_SERVICE_RUNNING });

	if (end == 0)
		end = tell(monitor, (struct event){ .kind = EVENT_PCSCD });
	for (size_t i = 0; end == 0 && i < inventory->reader_count; i++)
		end = tell_reader(monitor, &inventory->readers[i]);
	for (size_t i = 0; end == 0 && i < inventory->applet_count; i++)
		if (inventory->applets[i].tries_left >= 0)
			end = tell_tries(monitor, &inventory->applets[i]);
	monitor->is_told = true;
	return end;
}

/* --- changes --------------------------------------------------------------------------------- */

static int change_manager(struct monitor *monitor, struct manager *manager,
			  const DBusMessageIter *properties)
{
	CLEANUP(freep) char *before = strdup(manager->pcsc_state ? manager->pcsc_state : "");
	int r = before ? inventory_change(&monitor->session.inventory, MANAGER_INTERFACE, manager,
					  properties) :
			 -ENOMEM;

	if (r < 0)
		return say(r);
	if (!manager->pcsc_state || strcmp(manager->pcsc_state, before) == 0)
		return 0;
	return tell_change(monitor, (struct event){ .kind = EVENT_PCSCD });
}

/* @before: the reader's properties. The card that has gone is still known. */
static int tell_change_of_reader(const struct monitor *monitor, const struct reader *before,
				 const struct reader *reader)
{
	const struct inventory *inventory = &monitor->session.inventory;
	const struct card *gone = inventory_card(inventory, before);
	const struct card *there = inventory_card(inventory, reader);
	int end = 0;

	if (gone == there && strcmp(reader->state, before->state) == 0)
		return 0;
	if (gone == there)
		return tell_change(monitor, (struct event){ .kind = EVENT_READER_STATE,
							    .reader = reader });
	if (gone)
		end = tell_change(monitor, (struct event){ .kind = EVENT_CARD_REMOVED,
							   .reader = reader,
							   .card = gone });
	if (end == 0 && there)
		end = tell_change(monitor, (struct event){ .kind = EVENT_CARD_INSERTED,
							   .reader = reader,
							   .card = there });
	return end;
}

static int change_reader(struct monitor *monitor, struct reader *reader,
			 const DBusMessageIter *properties)
{
	CLEANUP(freep) char *state = strdup(reader->state), *card = strdup(reader->card);
	const struct reader before = { .state = state, .card = card };
	int r = state && card ? inventory_change(&monitor->session.inventory, READER_INTERFACE,
						 reader, properties) :
				-ENOMEM;

	return r < 0 ? say(r) : tell_change_of_reader(monitor, &before, reader);
}

static int change_applet(struct monitor *monitor, struct applet *applet,
			 const DBusMessageIter *properties)
{
	const int32_t before = applet->tries_left;
	int r = inventory_change(&monitor->session.inventory, APPLET_INTERFACE, applet, properties);

	if (r < 0)
		return say(r);
	return applet->tries_left != before && monitor->is_told ? tell_tries(monitor, applet) : 0;
}

static int on_properties_changed(struct monitor *monitor, const char *path, DBusMessageIter body)
{
	const char *interface;
	void *object;

	dbus_message_iter_get_basic(&body, &interface);
	dbus_message_iter_next(&body);
	object = inventory_find(&monitor->session.inventory, interface, path);
	if (!object)
		return 0;
	if (strcmp(interface, MANAGER_INTERFACE) == 0)
		return change_manager(monitor, object, &body);
	if (strcmp(interface, READER_INTERFACE) == 0)
		return change_reader(monitor, object, &body);
	if (strcmp(interface, APPLET_INTERFACE) == 0)
		return change_applet(monitor, object, &body);
	return 0;
}

static int on_interfaces_added(struct monitor *monitor, DBusMessageIter body)
{
	struct inventory *inventory = &monitor->session.inventory;
	const struct reader *reader;
	const char *path;
	int r = inventory_add(inventory, body);

	if (r < 0)
		return say(r);
	dbus_message_iter_get_basic(&body, &path);
	reader = inventory_find(inventory, READER_INTERFACE, path);
	return reader && monitor->is_told ? tell_reader(monitor, reader) : 0;
}

static int on_interfaces_removed(struct monitor *monitor, DBusMessageIter body)
{
	struct inventory *inventory = &monitor->session.inventory;
	const struct reader *reader;
	const char *path;
	int end = 0;

	dbus_message_iter_get_basic(&body, &path);
	reader = inventory_find(inventory, READER_INTERFACE, path);
	if (reader)
		end = tell_change(monitor, (struct event){ .kind = EVENT_READER_REMOVED,
							   .reader = reader });
	inventory_remove(inventory, path);
	return end;
}

/* --- the service comes and goes -------------------------------------------------------------- */

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

static int ask_service(struct monitor *monitor, bool may_start)
{
	DBusConnection *bus = monitor->session.service;

	monitor->objects_serial = send(bus, &inventory_request, may_start);
	monitor->manager_serial = send(bus, &inventory_manager_request, may_start);
	return monitor->objects_serial && monitor->manager_serial ? 0 : failure_no_memory();
}

static void forget_service(struct monitor *monitor)
{
	inventory_clear(&monitor->session.inventory);
	free(TAKE(monitor->owner));
	monitor->objects_serial = monitor->manager_serial = 0;
	monitor->is_told = false;
}

static int on_owner_change(struct monitor *monitor, const char *before, const char *now)
{
	int end = 0;

	if (*before) {
		end = tell_change(monitor, (struct event){ .kind = EVENT_SERVICE_GONE });
		forget_service(monitor);
	}
	/* An answer that is awaited already is the one of the service that it has started. */
	return end == 0 && *now && monitor->objects_serial == 0 ? ask_service(monitor, false) : end;
}

static int on_objects(struct monitor *monitor, DBusMessage *reply)
{
	int r = inventory_read(&monitor->session.inventory, reply);

	if (r < 0)
		return say(r);
	monitor->owner = strdup(dbus_message_get_sender(reply));
	return monitor->owner ? 0 : failure_no_memory();
}

static int on_manager(struct monitor *monitor, DBusMessage *reply)
{
	int r = inventory_read_manager(&monitor->session.inventory, reply);

	if (r < 0)
		return say(r);
	return monitor->owner ? tell_beginning(monitor) : 0;
}

static int on_reply(struct monitor *monitor, DBusMessage *reply)
{
	const uint32_t serial = dbus_message_get_reply_serial(reply);
	const bool is_objects = serial == monitor->objects_serial;
	struct refusal refusal;

	if (!is_objects && serial != monitor->manager_serial)
		return 0;
	if (!service_accepts(reply,
			     is_objects ? inventory_request.signature :
					  inventory_manager_request.signature,
			     &refusal))
		return refusal_say(&refusal);
	return is_objects ? on_objects(monitor, reply) : on_manager(monitor, reply);
}

/* --- messages -------------------------------------------------------------------------------- */

static bool is_signal(DBusMessage *message, const char *interface, const char *member,
		      const char *signature)
{
	return dbus_message_is_signal(message, interface, member) &&
	       dbus_message_has_signature(message, signature);
}

/* Of the service, and nobody else: everybody may send us signals. */
static int on_service_signal(struct monitor *monitor, DBusMessage *signal)
{
	const char *sender = dbus_message_get_sender(signal);
	DBusMessageIter body;

	if (!monitor->owner || !sender || strcmp(sender, monitor->owner) != 0)
		return 0;
	dbus_message_iter_init(signal, &body);
	if (is_signal(signal, DBUS_INTERFACE_PROPERTIES, "PropertiesChanged", "sa{sv}as"))
		return on_properties_changed(monitor, dbus_message_get_path(signal), body);
	if (is_signal(signal, OBJECT_MANAGER_INTERFACE, "InterfacesAdded", "oa{sa{sv}}"))
		return on_interfaces_added(monitor, body);
	if (is_signal(signal, OBJECT_MANAGER_INTERFACE, "InterfacesRemoved", "oas"))
		return on_interfaces_removed(monitor, body);
	return 0;
}

static int on_message(struct monitor *monitor, DBusMessage *message)
{
	const int type = dbus_message_get_type(message);
	const char *before, *now;

	if (type == DBUS_MESSAGE_TYPE_METHOD_RETURN || type == DBUS_MESSAGE_TYPE_ERROR)
		return on_reply(monitor, message);
	if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected"))
		return say(-ENOTCONN);
	if (service_owner_change(message, &before, &now))
		return on_owner_change(monitor, before, now);
	return on_service_signal(monitor, message);
}

static int take_messages(struct monitor *monitor)
{
	int end = 0;

	while (end == 0) {
		CLEANUP(message_unrefp) DBusMessage *message =
			dbus_connection_pop_message(monitor->session.service);

		if (!message)
			break;
		end = on_message(monitor, message);
	}
	return end;
}

/* Until a message has come, or nobody reads any more. */
static int wait_for_messages(struct monitor *monitor)
{
	struct pollfd fds[] = { { .events = POLLIN }, { .fd = STDOUT_FILENO } };

	dbus_connection_flush(monitor->session.service);
	if (!dbus_connection_get_unix_fd(monitor->session.service, &fds[0].fd))
		return say(-ENOTCONN);
	if (poll(fds, LENGTH_OF(fds), -1) < 0 && errno != EINTR)
		return say(-errno);
	/* A pipe has an error then, a socket hangs up. */
	if (fds[1].revents & (POLLERR | POLLHUP))
		return OUTPUT_CLOSED;
	dbus_connection_read_write(monitor->session.service, 0);
	return 0;
}

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
	return say(-ENOTCONN);
}

int command_monitor(const struct arguments *arguments)
{
	CLEANUP(monitor_clear) struct monitor monitor = { .session.arguments = arguments };
	int end = service_open(&monitor.session.service);

	if (end == 0)
		end = watch_service(monitor.session.service);
	if (end == 0)
		end = ask_service(&monitor, true);
	while (end == 0) {
		end = take_messages(&monitor);
		if (end == 0)
			end = wait_for_messages(&monitor);
	}
	return end == OUTPUT_CLOSED ? 0 : end;
}
