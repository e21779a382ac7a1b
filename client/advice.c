/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/advice.h"

#include <stdio.h>
#include <string.h>

#include "client/language.h"

enum advice advice_find(struct inventory *inventory, const struct applet *applet)
{
	const struct card *card = inventory_applet_card(inventory, applet);
	const struct label *label = label_find(applet->kind);
	const struct applet *other =
		card && label ? inventory_applet(inventory, card, label->other) : NULL;

	if (applet->can_reset_pin)
		return ADVICE_RESET_CODE;
	if (card && card_is_phone(card))
		return ADVICE_PHONE;
	return other && other->tries_left == 0 ? ADVICE_WINDOW : ADVICE_WINDOW_OR_STORE;
}

char *advice_text(enum advice advice, const struct label *label, char text[ADVICE_TEXT_SIZE])
{
	const char *window = _("Have it reset at the municipal window.");

	switch (advice) {
	case ADVICE_RESET_CODE:
		snprintf(text, ADVICE_TEXT_SIZE,
			 _("Set a new one with the card's reset code: jpkictl pin reset %s"),
			 label->kind);
		break;
	case ADVICE_PHONE:
		snprintf(text, ADVICE_TEXT_SIZE, "%s",
			 _("Reset it in the phone's マイナポータル app, with the My Number Card."));
		break;
	case ADVICE_WINDOW:
		snprintf(text, ADVICE_TEXT_SIZE, "%s", window);
		break;
	case ADVICE_WINDOW_OR_STORE:
		snprintf(text, ADVICE_TEXT_SIZE, "%s\n%s", window, _(label->pin_reset));
		break;
	}
	return text;
}

const char *advice_for_missing(const struct card *card, const struct applet *applet)
{
	if (card_is_phone(card))
		return _("none (apply for one in the phone's マイナポータル app)");
	if (strcmp(applet->kind, "sign") == 0)
		return _("none (holders under 15 have none; others can apply for one at the "
			 "municipal window)");
	return _("none (apply for one at the municipal window)");
}
