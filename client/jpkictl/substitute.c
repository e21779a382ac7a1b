/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/substitute.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static size_t count_flagged(const char *flags)
{
	size_t count = 0;

	for (; *flags; flags++)
		count += *flags == '1';
	return count;
}

struct substitutes substitutes_print(const char *text, const char *flags, FILE *stream)
{
	struct substitutes found = { 0 };

	flags = flags ? flags : "";
	found.flags = strlen(flags);
	found.flagged = count_flagged(flags);
	for (size_t length; *text; text += length, found.characters++) {
		const bool marked = found.characters < found.flags &&
				    flags[found.characters] == '1';

		length = utf8_length(text);
		fprintf(stream, marked ? "[%.*s]" : "%.*s", (int)length, text);
		found.marked += marked;
	}
	return found;
}
