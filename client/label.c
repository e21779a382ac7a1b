/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/label.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

const struct label labels[LABEL_COUNT] = {
	{ "auth", "利用者証明用", "数字4桁", "Seven-Eleven or AEON group store", "sign" },
	{ "sign", "署名用", "英数字6〜16文字", "convenience store", "auth" },
};

const struct label *label_find(const char *kind)
{
	for (size_t i = 0; i < LABEL_COUNT; i++)
		if (strcmp(labels[i].kind, kind) == 0)
			return &labels[i];
	return NULL;
}

const char *label_of_card_type(const char *type)
{
	static const struct {
		const char *type, *label;
	} types[] = {
		{ "mynumber-card", "My Number Card" },
		{ "android-phone", "Android phone" },
		{ "iphone", "iPhone" },
		{ "juki-card", "住基カード, no longer usable" },
		{ "unknown", "a JPKI card of a kind that jpkid does not know" },
	};

	for (size_t i = 0; i < LENGTH_OF(types); i++)
		if (strcmp(types[i].type, type) == 0)
			return types[i].label;
	return type;
}

const char *label_tries(const struct applet *applet, char text[LABEL_TRIES_SIZE])
{
	if (applet->tries_left == TRIES_UNKNOWN)
		snprintf(text, LABEL_TRIES_SIZE, "tries not known");
	else if (applet->tries_left == 0)
		snprintf(text, LABEL_TRIES_SIZE, "PIN locked");
	else
		snprintf(text, LABEL_TRIES_SIZE, "%d of %d tries left", applet->tries_left,
			 applet->tries_max);
	return text;
}
