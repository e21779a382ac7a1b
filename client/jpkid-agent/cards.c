/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/cards.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "client/language.h"

struct cards {
	struct bus *bus;
	const struct cards_methods *methods;
	void *userdata;
	char *service; /* its unique name; NULL: there is none, and nothing of what follows */
	struct bus_match *added, *removed, *changed;
	struct bus_pending *question;
	struct inventory *inventory; /* as far as it is known; never NULL */
};

static struct inventory *inventory_free(struct inventory *inventory)
{
	if (inventory)
		inventory_clear(inventory);
	free(inventory);
	return NULL;
}

static void inventory_freep(struct inventory **inventory)
{
	inventory_free(*inventory);
}

/* --- what is there ------ */

int cards_call(struct cards *cards, const struct request *request, bus_reply *done, void *userdata,
	       struct bus_pending **ret_pending)
{
	CLEANUP(message_unrefp) DBusMessage *message = service_message(request);

	if (!message)
		return -ENOMEM;
	dbus_message_set_auto_start(message, FALSE);
	return bus_call(cards->bus, message, done, userdata, ret_pending);
}

/* Of a 住基カード nothing is of use any more. */
static bool is_worth_telling(struct inventory *inventory, const struct applet *applet)
{
	const struct card *card = inventory_applet_card(inventory, applet);

	return card && card_is_usable(card) && applet->has_certificate;
}

/* @before: what was there until now. */
static void cards_tell_found(struct cards *cards, struct inventory *before)
{
	for (size_t i = 0; i < cards->inventory->applet_count; i++) {
		const struct applet *applet = &cards->inventory->applets[i];

		if (!inventory_find(before, APPLET_INTERFACE, applet->path) &&
		    is_worth_telling(cards->inventory, applet))
			cards->methods->found(applet, cards->userdata);
	}
}

static void on_objects(DBusMessage *reply, void *userdata)
{
	struct cards *cards = userdata;
	CLEANUP(inventory_freep) struct inventory *inventory = calloc(1, sizeof(*inventory));
	struct refusal refusal;
	int r = -ENOMEM;

	cards->question = NULL;
	if (inventory && service_accepts(reply, inventory_request.signature, &refusal))
		r = inventory_read(inventory, reply);
	if (r == 0) {
		struct inventory *before = cards->inventory;

		cards->inventory = TAKE(inventory);
		cards_tell_found(cards, before);
		inventory_free(before);
	}
	cards->methods->complete(cards->userdata);
}

static void cards_ask(struct cards *cards)
{
	cards->question = bus_call_cancel(cards->question);
	if (cards_call(cards, &inventory_request, on_objects, cards, &cards->question) < 0)
		cards->methods->complete(cards->userdata);
}

/* --- signals ------ */

static void on_come_or_gone(DBusMessage *signal, void *userdata)
{
	cards_ask(userdata);
}

static void on_change(DBusMessage *signal, void *userdata)
{
	struct cards *cards = userdata;
	struct applet *applet = inventory_find(cards->inventory, APPLET_INTERFACE,
					       dbus_message_get_path(signal));
	const int32_t before = applet ? applet->tries_left : 0;
	DBusMessageIter iter;

	if (!applet || !dbus_message_has_signature(signal, "sa{sv}as"))
		return;
	dbus_message_iter_init(signal, &iter);
	dbus_message_iter_next(&iter);
	if (inventory_change(cards->inventory, APPLET_INTERFACE, applet, &iter) == 0 &&
	    before > 0 && applet->tries_left == 0)
		cards->methods->locked(applet, advice_find(cards->inventory, applet),
				       cards->userdata);
}

static int cards_listen(struct cards *cards)
{
	struct bus_signal kind = {
		.sender = cards->service,
		.path = ROOT_PATH,
		.interface = OBJECT_MANAGER_INTERFACE,
		.member = "InterfacesAdded",
	};
	int r = bus_match_add(cards->bus, &kind, on_come_or_gone, cards, &cards->added);

	kind.member = "InterfacesRemoved";
	if (r == 0)
		r = bus_match_add(cards->bus, &kind, on_come_or_gone, cards, &cards->removed);
	kind = (struct bus_signal){
		.sender = cards->service,
		.interface = DBUS_INTERFACE_PROPERTIES,
		.member = "PropertiesChanged",
		.argument = APPLET_INTERFACE,
	};
	if (r == 0)
		r = bus_match_add(cards->bus, &kind, on_change, cards, &cards->changed);
	return r;
}

static void cards_leave(struct cards *cards)
{
	cards->question = bus_call_cancel(cards->question);
	cards->added = bus_match_remove(cards->added);
	cards->removed = bus_match_remove(cards->removed);
	cards->changed = bus_match_remove(cards->changed);
	inventory_clear(cards->inventory);
	*cards->inventory = (struct inventory){ 0 };
	free(TAKE(cards->service));
}

void cards_follow(struct cards *cards, const char *service)
{
	cards_leave(cards);
	if (!service) {
		cards->methods->complete(cards->userdata);
		return;
	}
	cards->service = strdup(service);
	if (!cards->service || cards_listen(cards) < 0)
		log_error(_("No memory is left to hear of cards."));
	else
		cards_ask(cards);
}

enum advice cards_advice(const struct cards *cards, const char *path, const char *kind)
{
	for (size_t i = 0; i < cards->inventory->card_count; i++) {
		const struct card *card = &cards->inventory->cards[i];
		const struct applet *applet = inventory_applet(cards->inventory, card, kind);

		if (strcmp(card->path, path) == 0 && applet)
			return advice_find(cards->inventory, applet);
	}
	return ADVICE_WINDOW_OR_STORE;
}

/* --- an object of its own ------ */

int cards_new(struct bus *bus, const struct cards_methods *methods, void *userdata,
	      struct cards **ret_cards)
{
	CLEANUP(freep) struct cards *cards = calloc(1, sizeof(*cards));

	if (!cards)
		return -ENOMEM;
	*cards = (struct cards){ .bus = bus, .methods = methods, .userdata = userdata };
	cards->inventory = calloc(1, sizeof(*cards->inventory));
	if (!cards->inventory)
		return -ENOMEM;
	*ret_cards = TAKE(cards);
	return 0;
}

struct cards *cards_free(struct cards *cards)
{
	if (!cards)
		return NULL;
	cards_leave(cards);
	inventory_free(cards->inventory);
	free(cards);
	return NULL;
}
