/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines that have been told in the last hour, of those that are told rarely. Any thread. */
#pragma once

#include <stdbool.h>

/* Whether the line is new, and there is room to remember it, which is done then. */
bool log_memory_take(const char *line);

void log_memory_clear(void);
