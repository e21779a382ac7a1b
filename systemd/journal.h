/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log's way into systemd's journal. */
#pragma once

#include <stdbool.h>

#include "base/log.h"

/* Whether standard error goes to the journal. */
bool journal_is_connected(void);

/* A log_sink: the line into the journal, with its level, its fields and its event's MESSAGE_ID. */
void journal_log(int level, const struct log_fields *fields, const char *line);
