/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/birth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/format.h"
#include "client/language.h"

/* The days on which Taisho and Showa began were also the last of the era before. */
static const struct era {
	const char *key, *name;
	const char *first, *last;
} eras[] = {
	{ "meiji", N_("Meiji"), "1868-10-23", "1912-07-30" },
	{ "taisho", N_("Taisho"), "1912-07-30", "1926-12-25" },
	{ "showa", N_("Showa"), "1926-12-25", "1989-01-07" },
	{ "heisei", N_("Heisei"), "1989-01-08", "2019-04-30" },
	{ "reiwa", N_("Reiwa"), "2019-05-01", "9999-12-31" },
};

static const struct era *era_find(const char *key)
{
	for (size_t i = 0; key && i < LENGTH_OF(eras); i++)
		if (strcmp(eras[i].key, key) == 0)
			return &eras[i];
	return NULL;
}

char *birth_text(const char *date, const char *key)
{
	const struct era *era = era_find(key);
	int year, month, day, era_year;

	if (sscanf(date, "%4d-%2d-%2d", &year, &month, &day) != 3)
		return strdup(date);
	if (!era)
		/* TRANSLATORS: a date: year, month, day */
		return format(_("%04d-%02d-%02d"), year, month, day);
	if (strcmp(date, era->first) < 0 || strcmp(date, era->last) > 0)
		/* TRANSLATORS: year, month, day, and the name of an era */
		return format(_("%1$04d-%2$02d-%3$02d (the certificate says %4$s, an era that does "
				"not have this day)"),
			      year, month, day, _(era->name));
	era_year = year - (int)strtol(era->first, NULL, 10) + 1;
	if (era_year == 1)
		/* TRANSLATORS: year, month, day, and the era of which it is the first year */
		return format(_("%1$04d-%2$02d-%3$02d (%4$s 1)"), year, month, day, _(era->name));
	/* TRANSLATORS: year, month, day, the name of the era, and its year */
	return format(_("%1$04d-%2$02d-%3$02d (%4$s %5$d)"), year, month, day, _(era->name),
		      era_year);
}
