/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool style_is_wanted(void)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && terminal && *terminal &&
	       strcmp(terminal, "dumb") != 0;
}

size_t style_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return SIZE_MAX;
	return size.ws_col;
}

void style_print(FILE *stream, bool coloured, enum style style, const char *text)
{
	/* Select graphic rendition, ECMA-48, 8.3.117. */
	static const char *const renditions[STYLE_COUNT] = {
		[STYLE_GOOD] = "32",
		[STYLE_WARNING] = "33",
		[STYLE_BAD] = "31",
		[STYLE_DIM] = "2",
	};

	if (coloured && renditions[style])
		fprintf(stream, "\033[%sm%s\033[0m", renditions[style], text);
	else
		fputs(text, stream);
}
