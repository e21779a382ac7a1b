/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/log-memory.h"
#include "base/utf8.h"

static void log_to_stderr(int level, const struct log_fields *fields, const char *line)
{
	fprintf(stderr, "%s\n", line);
}

static log_sink *current_sink = log_to_stderr;
static atomic_int current_level = LOG_INFO;

void log_set_sink(log_sink *sink)
{
	current_sink = sink ? sink : log_to_stderr;
	log_memory_clear();
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
	[LOG_EMERG] = "emerg", [LOG_ALERT] = "alert",     [LOG_CRIT] = "crit",
	[LOG_ERR] = "err",     [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
	[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
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

__attribute__((format(printf, 4, 0))) static void
log_line(int level, const struct log_fields *fields, bool rarely, const char *format,
	 va_list arguments)
{
	char line[LOG_LINE_SIZE] = "";

	if (level > current_level)
		return;
	vsnprintf(line, sizeof(line), format, arguments);
	utf8_clean(line);
	if (!rarely || log_memory_take(line))
		current_sink(level, fields, line);
}

void log_event(int level, const struct log_fields *fields, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(level, fields, false, format, arguments);
	va_end(arguments);
}

void log_rarely(int level, const struct log_fields *fields, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(level, fields, true, format, arguments);
	va_end(arguments);
}
