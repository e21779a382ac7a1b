/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be done about a PIN that is locked, or would be, and about a missing certificate. */
#pragma once

#include "client/inventory.h"
#include "client/label.h"

/* Who or what can reset it. */
enum advice {
	ADVICE_WINDOW_OR_STORE, /* of all cards, if nothing else is known */
	ADVICE_WINDOW,          /* the other PIN, which the store wants, is locked as well */
	ADVICE_PHONE,
	ADVICE_RESET_CODE,
};

/* About the PIN of @applet. */
enum advice advice_find(struct inventory *inventory, const struct applet *applet);

enum {
	ADVICE_TEXT_SIZE = 1024,
};

/* One sentence or two in the person's language, each on a line. Returns @text. */
char *advice_text(enum advice advice, const struct label *label, char text[ADVICE_TEXT_SIZE]);

/* What is said in the place of a certificate that the card does not have: not all holders have. */
const char *advice_for_missing(const struct card *card, const struct applet *applet);
