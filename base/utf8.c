/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/utf8.h"

#include <string.h>

#include "base/cleanup.h"

/* How characters of one, two, three and four bytes begin, and the least that needs as many. */
static const struct {
	uint8_t mask, lead;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 0 },
	{ 0xE0, 0xC0, 0x80 },
	{ 0xF0, 0xE0, 0x800 },
	{ 0xF8, 0xF0, 0x10000 },
};

static bool is_within(uint32_t character, uint32_t first, uint32_t last)
{
	return character >= first && character <= last;
}

size_t utf8_read(const void *text, size_t length, uint32_t *ret_character)
{
	const uint8_t *bytes = text;
	uint32_t character;
	size_t more = 0;

	*ret_character = UTF8_NO_CHARACTER;
	while (more < LENGTH_OF(forms) && (bytes[0] & forms[more].mask) != forms[more].lead)
		more++;
	if (more == LENGTH_OF(forms) || more >= length)
		return 1;

	character = bytes[0] & (uint8_t)~forms[more].mask;
	for (size_t i = 1; i <= more; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 1;
		character = character << 6 | (bytes[i] & 0x3F);
	}
	if (character < forms[more].least || character >= UTF8_NO_CHARACTER ||
	    is_within(character, 0xD800, 0xDFFF)) /* surrogates */
		return 1;
	*ret_character = character;
	return 1 + more;
}

size_t utf8_length(const char *text)
{
	uint32_t character;

	return utf8_read(text, SIZE_MAX, &character);
}

bool utf8_is_control(uint32_t character)
{
	return character < 0x20 || is_within(character, 0x7F, 0x9F) ||
	       is_within(character, 0x2028, 0x202E) || is_within(character, 0x2066, 0x2069) ||
	       character == UTF8_NO_CHARACTER;
}

/* Not a control, since emoji and Persian are written with some. */
static bool is_invisible(uint32_t character)
{
	return character == 0xAD || character == 0x61C || is_within(character, 0x200B, 0x200F) ||
	       is_within(character, 0x2060, 0x206F) || character == 0xFEFF;
}

void utf8_clean(char *text)
{
	uint32_t character;

	for (size_t length; *text; text += length) {
		length = utf8_read(text, SIZE_MAX, &character);
		if (utf8_is_control(character) || is_invisible(character))
			memset(text, '?', length);
	}
}
