/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service shows: readers, cards, and the two applets of each card. */
#pragma once

#include "client/service.h"

enum {
	APPLETS_PER_CARD = 2,
	READERS_MAX = 64, /* pcscd has 16 */
};

struct manager {
	char *version;
	dbus_bool_t pcsc_available;
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
};

/* No text is NULL in what has been loaded. */
struct inventory {
	struct manager manager;
	size_t reader_count, card_count, applet_count;
	struct reader readers[READERS_MAX];
	struct card cards[READERS_MAX];
	struct applet applets[READERS_MAX * APPLETS_PER_CARD];
};

/* False: *ret_refusal says why. In each case inventory_clear() frees what has been loaded. */
bool inventory_load(struct inventory *inventory, DBusConnection *service,
		    struct refusal *ret_refusal);
void inventory_clear(struct inventory *inventory);

/* The card in @reader that has JPKI; NULL: none. */
const struct card *inventory_card(const struct inventory *inventory, const struct reader *reader);
const struct reader *inventory_reader(const struct inventory *inventory, const struct card *card);

/* @kind: "auth" or "sign". NULL: the card has gone meanwhile. */
struct applet *inventory_applet(struct inventory *inventory, const struct card *card,
				const char *kind);

/* Whether certificates of this card can still be of use: not with a 住基カード. */
bool card_is_usable(const struct card *card);

/* Asks the card, which costs no try. False: *ret_refusal says why, and tries_left is as it was. */
bool applet_ask_tries(struct applet *applet, DBusConnection *service, struct refusal *ret_refusal);

#define APPLET_INTERFACE "org.jpkid1.Applet"
