/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log lines for a person. There is no way to log bytes, and no caller may format any: what passes
 * through the daemon is PINs, certificates and documents.
 */
#pragma once

#include <stdbool.h>
#include <syslog.h>

/* Takes one finished line without a newline. Called from any thread. */
typedef void log_sink(int level, const char *line);

/* Before the first thread starts. The default sink writes to standard error. */
void log_set_sink(log_sink *sink);

/* LOG_INFO until it is set; at any time. */
void log_set_level(int level);
int log_level(void);

/*
 * Levels by the names that systemd has for them: "emerg" to "debug". NULL and -1 for what is none.
 * 
 */
const char *log_level_name(int level);
int log_level_from_name(const char *name);

__attribute__((format(printf, 2, 3))) void log_write(int level, const char *format, ...);

#define log_error(...) log_write(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
