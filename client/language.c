/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/language.h"

#include <config.h>

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* As setlocale(3) looks for the language of messages. NULL: none is wished. */
static const char *wished_locale(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < LENGTH_OF(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return value;
	}
	return NULL;
}

/* gettext(3) looks at LANGUAGE in all locales but C. */
static void language_without_locale(void)
{
	const char *wished = wished_locale(), *languages = getenv("LANGUAGE");

	setlocale(LC_ALL, "C.UTF-8");
	if (wished && strncmp(wished, "ja", strlen("ja")) == 0 && !(languages && *languages))
		setenv("LANGUAGE", "ja", 1);
}

void language_begin(void)
{
	static const char none[] = "";

	if (!setlocale(LC_ALL, ""))
		language_without_locale();
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	bindtextdomain(PACKAGE_TARNAME, LOCALEDIR);
	bind_textdomain_codeset(PACKAGE_TARNAME, "UTF-8");
	textdomain(PACKAGE_TARNAME);
	/* Reads the messages now; later there may be no descriptor to read them from. */
	gettext(none);
}
