/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/jpki-object.h"

#include <string.h>

#include "base/cleanup.h"

const struct jpki_object jpki_objects[JPKI_APPLET_COUNT] = {
	[JPKI_AUTH] = {
		.name = "auth",
		.tries_max = 3,
		.availability_offset = 1,
		.ef_certificate = {
			[JPKI_HOLDER_CERTIFICATE] = 0x000A,
			[JPKI_ISSUER_CERTIFICATE] = 0x000B,
		},
		.ef_key = 0x0017,
		.ef_pin = 0x0018,
	},
	[JPKI_SIGN] = {
		.name = "sign",
		.tries_max = 5,
		.availability_offset = 0,
		.ef_certificate = {
			[JPKI_HOLDER_CERTIFICATE] = 0x0001,
			[JPKI_ISSUER_CERTIFICATE] = 0x0002,
		},
		.ef_key = 0x001A,
		.ef_pin = 0x001B,
	},
};

static const struct {
	const char *name;
	const char *label;
	bool auth_certificate_needs_pin;
} types[] = {
	[JPKI_TYPE_UNKNOWN] = { .name = "unknown" },
	[JPKI_TYPE_MYNUMBER_CARD] = { "mynumber-card", "JPKIAPICCTOKEN2", false },
	[JPKI_TYPE_ANDROID_PHONE] = { "android-phone", "JPKIAPGPSETOKEN", true },
	[JPKI_TYPE_IPHONE] = { "iphone", "JPKIAPIOSTOKEN", true },
	[JPKI_TYPE_JUKI_CARD] = { "juki-card", "JPKIAPICCTOKEN", false },
};

const char *jpki_type_name(enum jpki_type type)
{
	return types[type].name;
}

const char *jpki_applet_name(enum jpki_applet applet)
{
	return jpki_objects[applet].name;
}

unsigned int jpki_tries_max(enum jpki_applet applet)
{
	return jpki_objects[applet].tries_max;
}

bool jpki_certificate_needs_pin(enum jpki_type type, enum jpki_applet applet,
				enum jpki_certificate which)
{
	if (which == JPKI_ISSUER_CERTIFICATE)
		return false;
	return applet == JPKI_SIGN || types[type].auth_certificate_needs_pin;
}

static bool is_padding(uint8_t byte)
{
	return byte == ' ' || byte == '\0';
}

enum jpki_type jpki_object_type(const uint8_t *token_info, size_t length)
{
	if (length < TOKEN_LABEL_LENGTH)
		return JPKI_TYPE_UNKNOWN;
	for (length = TOKEN_LABEL_LENGTH; length > 0 && is_padding(token_info[length - 1]);)
		length--;

	for (size_t i = JPKI_TYPE_UNKNOWN + 1; i < LENGTH_OF(types); i++)
		if (length == strlen(types[i].label) &&
		    memcmp(token_info, types[i].label, length) == 0)
			return (enum jpki_type)i;
	return JPKI_TYPE_UNKNOWN;
}
