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

void text_clean(char *text)
{
	for (unsigned char *byte = (unsigned char *)text; *byte; byte++) {
		if (*byte < 0x20 || *byte == 0x7F)
			*byte = '?';
		else if (byte[0] == 0xC2 && byte[1] >= 0x80 && byte[1] < 0xA0) /* U+0080 to U+009F */
			byte[0] = byte[1] = '?';
	}
}
