/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log lines for a person, and beside them the facts of a line for a program. There is no way to log
 * bytes, and no caller may format any: what passes through the daemon is PINs, certificates and
 * documents.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <syslog.h>

enum {
	LOG_LINE_SIZE = 1024, /* with the NUL; longer lines are cut */
};

/* What an administrator acts on or keeps account of. The journal knows each by a fixed number. */
enum log_event {
	EVENT_NONE,
	EVENT_KEY_USED,
	EVENT_PIN_VERIFIED,
	EVENT_PIN_CHANGED,
	EVENT_PIN_RESET,
	EVENT_LEASE_GIVEN,
	EVENT_PIN_INCORRECT,
	EVENT_PIN_LOCKED,
	EVENT_HELD_OFF,
	EVENT_OUTCOME_UNKNOWN,
	EVENT_CARD_STUCK,
	EVENT_PCSC_GONE,
	EVENT_PCSC_REFUSED,
	EVENT_LEDGER_SET_ASIDE,
	EVENT_LEDGER_UNUSABLE,
	EVENT_COUNT,
};

/* What a line is about; all of it may be absent. */
struct log_fields {
	enum log_event event;
	const char *operation; /* the D-Bus method; this and the next: NULL is absent */
	const char *reader;
	const char *applet;
	const char *error; /* its name on the bus */
	bool has_caller;
	uid_t caller_uid;
	pid_t caller_pid; /* 0: not known */
	bool has_tries;
	int tries_left;
	uint16_t sw; /* status word; 0 is absent, and none */
};

/*
 * Takes one finished line after utf8_clean(); @fields: NULL where there are none, and their texts
 * as they came. Called from any thread.
 */
typedef void log_sink(int level, const struct log_fields *fields, const char *line);

/*
 * Before the first thread starts. The default sink writes the line to standard error. A new one has
 * been told nothing of what is told rarely.
 */
void log_set_sink(log_sink *sink);

/* LOG_INFO until it is set; at any time. */
void log_set_level(int level);
int log_level(void);

/*
 * Levels by the names that systemd has for them: "emerg" to "debug". NULL and -1 for what is none.
 */
const char *log_level_name(int level);
int log_level_from_name(const char *name);

/* @fields may be NULL. */
__attribute__((format(printf, 3, 4))) void
log_event(int level, const struct log_fields *fields, const char *format, ...);

#define log_error(...) log_event(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_event(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...) log_event(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...) log_event(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_event(LOG_DEBUG, NULL, __VA_ARGS__)

/*
 * For what a program can cause again and again at no cost: the same line once in an hour, and no
 * more than LOG_RARE_MAX different ones. Who calls keeps out of the line what a program can vary at
 * will, such as its process number.
 */
enum {
	LOG_RARE_MAX = 256,
};
__attribute__((format(printf, 3, 4))) void
log_rarely(int level, const struct log_fields *fields, const char *format, ...);
