/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cards that are in, as the service's signals tell of them. */
#pragma once

#include "client/advice.h"
#include "dbus/bus.h"

struct cards;

struct cards_methods {
	/* A card is there that was not, with a certificate in this applet. */
	void (*found)(const struct applet *applet, void *userdata);
	/* After all that are there were found, or where the service does not tell them. */
	void (*complete)(void *userdata);
	/* A PIN that had tries has none. */
	void (*locked)(const struct applet *applet, enum advice advice, void *userdata);
};

/* 0 or -ENOMEM. @bus outlives it, and @methods are static. It follows nobody yet. */
int cards_new(struct bus *bus, const struct cards_methods *methods, void *userdata,
	      struct cards **ret_cards);
/* NULL is allowed; returns NULL. */
struct cards *cards_free(struct cards *cards);

/* From now on the cards are those of this service, by its unique name; NULL: there is none. */
void cards_follow(struct cards *cards, const char *service);

/* About the PIN of this kind on the card at @path. */
enum advice cards_advice(const struct cards *cards, const char *path, const char *kind);

/*
 * bus_call() to the service: it is not started for that, and nobody is asked for a PIN or for
 * leave.
 */
int cards_call(struct cards *cards, const struct request *request, bus_reply *done, void *userdata,
	       struct bus_pending **ret_pending);
