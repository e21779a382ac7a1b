/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* It would be this file's. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "systemd/journal.h"

#include <stdlib.h>
#include <systemd/sd-journal.h>

bool journal_is_connected(void)
{
	return getenv("JOURNAL_STREAM") != NULL;
}

void journal_log(int level, const char *line)
{
	sd_journal_send("PRIORITY=%i", level, "MESSAGE=%s", line, NULL);
}
