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
	bool auth_certificate_needs_pin;
} types[] = {
	[JPKI_TYPE_UNKNOWN] = { "unknown", false },
	[JPKI_TYPE_MYNUMBER_CARD] = { "mynumber-card", false },
	[JPKI_TYPE_ANDROID_PHONE] = { "android-phone", true },
	[JPKI_TYPE_IPHONE] = { "iphone", true },
	[JPKI_TYPE_JUKI_CARD] = { "juki-card", false },
};

static const struct {
	const char *label;
	enum jpki_type type;
	bool has_reset_code;
} labels[] = {
	{ "JPKIAPICCTOKEN2", JPKI_TYPE_MYNUMBER_CARD, false },
	/*
	 * No such card is out: the coming generation plans a PUK, its interface is not published,
	 * and this label is the virtual card's.
	 */
	{ "JPKIAPICCTOKEN3", JPKI_TYPE_MYNUMBER_CARD, true },
	{ "JPKIAPGPSETOKEN", JPKI_TYPE_ANDROID_PHONE, false },
	{ "JPKIAPIOSTOKEN", JPKI_TYPE_IPHONE, false },
	{ "JPKIAPICCTOKEN", JPKI_TYPE_JUKI_CARD, false },
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

void jpki_object_identify(const uint8_t *token_info, size_t length, struct jpki_token *token)
{
	token->type = JPKI_TYPE_UNKNOWN;
	token->has_reset_code = false;
	if (length < TOKEN_LABEL_LENGTH)
		return;
	for (length = TOKEN_LABEL_LENGTH; length > 0 && is_padding(token_info[length - 1]);)
		length--;

	for (size_t i = 0; i < LENGTH_OF(labels); i++) {
		if (length != strlen(labels[i].label) ||
		    memcmp(token_info, labels[i].label, length) != 0)
			continue;
		token->type = labels[i].type;
		token->has_reset_code = labels[i].has_reset_code;
	}
}
