/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a card tells of its applets without a PIN. */
#pragma once

#include "client/inventory.h"

/* Asks the card, which costs no try. False: *ret_refusal says why, and tries_left is as it was. */
bool applet_ask_tries(struct applet *applet, DBusConnection *service, struct refusal *ret_refusal);

/*
 * Asks what the card tells at no cost and without a question to anybody, for seconds at most.
 * False: *ret_refusal says why not.
 */
bool applet_look_at_tries(struct applet *applet, DBusConnection *service,
			  struct refusal *ret_refusal);
bool applet_look_at_certificate(struct applet *applet, DBusConnection *service,
				struct refusal *ret_refusal);

/*
 * Looks so at both applets. False: *ret_refusal says why the card or its user is refused, and what
 * is not known is marked as that.
 */
bool card_look(const struct card *card, struct inventory *inventory, DBusConnection *service,
	       struct refusal *ret_refusal);

/* The days that are left of the certificate. False: not known. */
bool applet_days_left(const struct applet *applet, int *ret_days);

/* "valid" and the like, or "unreadable"; NULL: not known. */
const char *applet_state(const struct applet *applet);
