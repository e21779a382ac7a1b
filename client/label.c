/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/label.h"

#include <stddef.h>
#include <string.h>

#include "client/language.h"

const struct label labels[LABEL_COUNT] = {
	{
		.kind = "auth",
		.name = "利用者証明用",
		.other = "sign",
		.purpose = N_("auth (利用者証明用): to log in and to prove who one is"),
		.pin = N_("auth PIN"),
		.pin_form = N_("利用者証明用 PIN (auth, 4 digits)"),
		.new_pin_form = N_("New 利用者証明用 PIN (auth, 4 digits)"),
		.pin_rule = N_("The auth PIN is exactly 4 digits; nothing was sent to the card."),
		.pin_reset = N_("Or reset it with the smartphone app 「JPKI暗証番号リセット」 and "
				"then, within 24 hours, at a terminal in a Seven-Eleven or AEON "
				"group store; this needs the sign PIN."),
		.enter = N_("Enter the auth PIN (利用者証明用, 4 digits)."),
		.last_try = N_("One try of the auth PIN (利用者証明用, 4 digits) is left. A wrong "
			       "entry will lock it."),
		.rule = N_("It must be 4 digits. Nothing was sent to the card."),
		.locked = N_("The auth PIN (利用者証明用) is locked"),
	},
	{
		.kind = "sign",
		.name = "署名用",
		.other = "auth",
		.purpose = N_("sign (署名用): to sign contracts, and declarations such as e-Tax"),
		.pin = N_("sign PIN"),
		.pin_form = N_("署名用 PIN (sign, 6 to 16 letters and digits)"),
		.new_pin_form = N_("New 署名用 PIN (sign, 6 to 16 letters and digits)"),
		.pin_rule = N_("The sign PIN is 6 to 16 letters A-Z and digits, with at least one "
			       "of each; nothing was sent to the card."),
		.pin_reset = N_("Or reset it with the smartphone app 「JPKI暗証番号リセット」 and "
				"then, within 24 hours, at a terminal in a convenience store; "
				"this needs the auth PIN."),
		.enter = N_("Enter the sign PIN (署名用, 6 to 16 letters and digits)."),
		.last_try = N_("One try of the sign PIN (署名用, 6 to 16 letters and digits) is "
			       "left. A wrong entry will lock it."),
		.rule = N_("It must be 6 to 16 letters A-Z and digits. Nothing was sent to the "
			   "card."),
		.locked = N_("The sign PIN (署名用) is locked"),
	},
};

const struct label *label_find(const char *kind)
{
	for (size_t i = 0; i < LABEL_COUNT; i++)
		if (strcmp(labels[i].kind, kind) == 0)
			return &labels[i];
	return NULL;
}
