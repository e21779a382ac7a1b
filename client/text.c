/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/text.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include "base/cleanup.h"
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

/* The character at @text, and its bytes. */
static size_t character_at(const char *text, wchar_t *ret_character)
{
	mbstate_t state = { 0 };
	const size_t length = mbrtowc(ret_character, text, strnlen(text, MB_LEN_MAX), &state);

	if (length > 0 && length <= MB_LEN_MAX)
		return length;
	/* No UTF-8, or cut in its middle: a terminal shows something for each byte. */
	*ret_character = L'?';
	return 1;
}

static bool is_clean(wchar_t character)
{
	static const struct {
		wchar_t first, last;
	} unfit[] = {
		{ 0, 0x1F },          { 0x7F, 0x9F },     { 0xAD, 0xAD },     { 0x61C, 0x61C },
		{ 0x200B, 0x200F },   { 0x2028, 0x202E }, { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF },
		{ 0x110000, WCHAR_MAX }, /* which is beyond Unicode */
	};

	for (size_t i = 0; i < LENGTH_OF(unfit); i++)
		if (character >= unfit[i].first && character <= unfit[i].last)
			return false;
	return true;
}

void text_clean(char *text)
{
	while (*text) {
		wchar_t character;
		const size_t length = character_at(text, &character);

		if (character == L'?' || !is_clean(character))
			memset(text, '?', length);
		text += length;
	}
}

static size_t character_width(wchar_t character)
{
	const int columns = wcwidth(character);

	return columns > 0 ? (size_t)columns : 0;
}

size_t text_width(const char *text)
{
	wchar_t character;
	size_t width = 0;

	while (*text) {
		text += character_at(text, &character);
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
static bool may_break(wchar_t before, wchar_t after)
{
	if (before == L' ')
		return after != L' ';
	return (character_width(before) > 1 || character_width(after) > 1) && after != L' ' &&
	       !wcschr(L"（「『(", before) && !wcschr(L"、。，．・）」』ー‐〜)?!:;,.％", after);
}

size_t text_fit(const char *text, size_t columns)
{
	size_t at = 0, width = 0, fits = 0;
	wchar_t before = L'\0', after;

	while (text[at]) {
		const size_t length = character_at(text + at, &after);

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
