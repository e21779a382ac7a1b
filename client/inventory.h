/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service shows: readers, cards, and the two applets of each card. */
#pragma once

#include "client/description.h"
#include "client/service.h"

enum {
	APPLETS_PER_CARD = 2,
	READERS_MAX = 64, /* pcscd has 16 */
};

struct manager {
	char *version;
	dbus_bool_t pcsc_available;
	char *pcsc_state;
	uint32_t reserve; /* with so many tries left or fewer, consent is needed */
};

/* Readers, cards and applets begin with their path. */
struct reader {
	char *path;
	char *name;
	char *state;
	char *card; /* its path */
	dbus_bool_t has_pin_pad;
};

struct card {
	char *path;
	char *type;
};

struct applet {
	char *path;
	char *kind;
	dbus_bool_t has_certificate;
	int32_t tries_left; /* negative: not known */
	uint8_t tries_max;
	dbus_bool_t can_reset_pin;

	/* What applet_look_at_certificate() has brought: the refusal's result, or 0. */
	int description_result;
	struct description description;
};

/* No text is NULL in what has been loaded. */
struct inventory {
	struct manager manager;
	size_t reader_count, card_count, applet_count;
	struct reader readers[READERS_MAX];
	struct card cards[READERS_MAX];
	struct applet applets[READERS_MAX * APPLETS_PER_CARD];
};

/*
 * @patience is for each of two answers, as struct request has it. False: *ret_refusal says why. In
 * each case inventory_clear() frees what has been loaded.
 */
bool inventory_load(struct inventory *inventory, DBusConnection *service, unsigned int patience,
		    struct refusal *ret_refusal);
void inventory_clear(struct inventory *inventory);

/*
 * What that is made of, for who does not wait, and who follows the service's signals: two requests,
 * what reads their answers, and what the signals say later. 0, -EPROTO (odd), -E2BIG or -ENOMEM;
 * inventory_clear() frees what has been read.
 */
extern const struct request inventory_manager_request, inventory_request;
int inventory_read_manager(struct inventory *inventory, DBusMessage *reply);
int inventory_read(struct inventory *inventory, DBusMessage *reply);
/* The body of InterfacesAdded: oa{sa{sv}}. An object that is there already is taken anew. */
int inventory_add(struct inventory *inventory, DBusMessageIter body);
void inventory_remove(struct inventory *inventory, const char *path);
/* The a{sv} at @properties is of an object that inventory_find() has found. */
int inventory_change(struct inventory *inventory, const char *interface, void *object,
		     const DBusMessageIter *properties);

/* A struct manager, reader, card or applet. NULL: there is none at @path. */
void *inventory_find(struct inventory *inventory, const char *interface, const char *path);

/* The card in @reader that has JPKI; NULL: none. */
const struct card *inventory_card(const struct inventory *inventory, const struct reader *reader);
/* The reader that has @card in it; NULL: it has gone. */
const struct reader *inventory_reader(const struct inventory *inventory, const struct card *card);

/* NULL: it has gone. */
const struct card *inventory_applet_card(const struct inventory *inventory,
					 const struct applet *applet);

/* @kind: "auth" or "sign". NULL: the card has gone meanwhile. */
struct applet *inventory_applet(struct inventory *inventory, const struct card *card,
				const char *kind);

/* Whether certificates of this card can still be of use: not with a 住基カード. */
bool card_is_usable(const struct card *card);
bool card_is_phone(const struct card *card);
