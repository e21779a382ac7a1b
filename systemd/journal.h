/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Whether standard error goes to the journal. */
bool journal_is_connected(void);

/* A log_sink: the line, with its level, into the journal. */
void journal_log(int level, const char *line);
