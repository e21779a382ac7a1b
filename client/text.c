/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/text.h"

#include <stdio.h>
#include <string.h>

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

const char *text_word(const struct word *words, const char *value)
{
	for (; words->value; words++)
		if (strcmp(words->value, value) == 0)
			return words->word;
	return value;
}

const char *text_tries(int32_t left, uint8_t max, char text[TEXT_TRIES_SIZE])
{
	if (left < 0)
		return strcpy(text, "tries not known");
	if (left == 0)
		return strcpy(text, "PIN locked");
	snprintf(text, TEXT_TRIES_SIZE, "%d of %d tries left", left, max);
	return text;
}

/* How many bytes the control character at @byte has; 0: it is none. */
static size_t control_length(const unsigned char *byte)
{
	if (byte[0] < 0x20 || byte[0] == 0x7F)
		return 1;
	if (byte[0] == 0xC2 && byte[1] >= 0x80 && byte[1] < 0xA0) /* U+0080 to U+009F */
		return 2;
	if (byte[0] == 0xD8 && byte[1] == 0x9C) /* U+061C */
		return 2;
	if (byte[0] != 0xE2)
		return 0;
	if (byte[1] == 0x80 && byte[2] >= 0x8B && byte[2] <= 0x8F) /* U+200B to U+200F */
		return 3;
	if (byte[1] == 0x80 && byte[2] >= 0xA8 && byte[2] <= 0xAE) /* U+2028 to U+202E */
		return 3;
	if (byte[1] == 0x81 && byte[2] >= 0xA0 && byte[2] <= 0xAF) /* U+2060 to U+206F */
		return 3;
	return 0;
}

void text_clean(char *text)
{
	unsigned char *byte = (unsigned char *)text;

	while (*byte) {
		const size_t length = control_length(byte);

		memset(byte, '?', length);
		byte += length > 0 ? length : 1;
	}
}
