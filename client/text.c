/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/text.h"

#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"
#include "client/language.h"

const char *text_word(const struct word *words, const char *value)
{
	for (; words->value; words++)
		if (strcmp(words->value, value) == 0)
			return _(words->word);
	return value;
}

const char *text_tries(int32_t left, uint8_t max, char text[TEXT_TRIES_SIZE])
{
	if (left < 0)
		snprintf(text, TEXT_TRIES_SIZE, "%s", _("tries not known"));
	else if (left == 0)
		snprintf(text, TEXT_TRIES_SIZE, "%s", _("locked"));
	else
		snprintf(text, TEXT_TRIES_SIZE, _("%d of %d tries left"), left, max);
	return text;
}

static size_t character_width(uint32_t character)
{
	/* A terminal shows something for each byte. */
	const int columns = character == UTF8_NO_CHARACTER ? 1 : wcwidth((wchar_t)character);

	return columns > 0 ? (size_t)columns : 0;
}

size_t text_width(const char *text)
{
	uint32_t character;
	size_t width = 0;

	while (*text) {
		text += utf8_read(text, SIZE_MAX, &character);
		width += character_width(character);
	}
	return width;
}

size_t text_wider(size_t width, const char *text)
{
	const size_t own = text_width(text);

	return own > width ? own : width;
}

/* JIS X 4051 has more of them. */
static bool may_break(uint32_t before, uint32_t after)
{
	if (before == L' ')
		return after != L' ';
	return (character_width(before) > 1 || character_width(after) > 1) && after != L' ' &&
	       !wcschr(L"（「『(", (wchar_t)before) &&
	       !wcschr(L"、。，．・）」』ー‐〜)?!:;,.％", (wchar_t)after);
}

size_t text_fit(const char *text, size_t columns)
{
	size_t at = 0, width = 0, fits = 0;
	uint32_t before = 0, after;

	while (text[at]) {
		const size_t length = utf8_read(text + at, SIZE_MAX, &after);

		if (before && may_break(before, after))
			fits = at;
		width += character_width(after);
		if (width > columns && after != L' ')
			return fits > 0 ? fits : at > 0 ? at : length;
		at += length;
		before = after;
	}
	return at;
}

void text_pad(FILE *stream, const char *text, size_t width)
{
	const size_t own = text_width(text);

	fprintf(stream, "%s%*s", text, own < width ? (int)(width - own) : 0, "");
}
