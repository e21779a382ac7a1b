/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static void log_to_stderr(int level, const char *line)
{
	(void)level;
	fprintf(stderr, "%s\n", line);
}

static log_sink *current_sink = log_to_stderr;
static atomic_int current_level = LOG_INFO;

void log_set_sink(log_sink *sink)
{
	current_sink = sink ? sink : log_to_stderr;
}

void log_set_level(int level)
{
	current_level = level;
}

int log_level(void)
{
	return current_level;
}

static const char *const level_names[] = {
	[LOG_EMERG] = "emerg",     [LOG_ALERT] = "alert",   [LOG_CRIT] = "crit", [LOG_ERR] = "err",
	[LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

const char *log_level_name(int level)
{
	return level >= LOG_EMERG && level <= LOG_DEBUG ? level_names[level] : NULL;
}

int log_level_from_name(const char *name)
{
	for (int level = LOG_EMERG; level <= LOG_DEBUG; level++)
		if (strcmp(level_names[level], name) == 0)
			return level;
	return -1;
}

void log_write(int level, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	if (level > current_level)
		return;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	current_sink(level, line);
}
