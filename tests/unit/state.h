/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A state directory for each test, a clock that stands still, and what is said in the log. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/ledger-file.h"

enum {
	STATE_NOW = 1800000000,
	STATE_CARD = 0xCA,
	STATE_PATH_SIZE = 256,
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	ROUNDING = 1,
};

/* Nobody in particular. */
enum {
	ALICE = 1000,
	BOB = 1001,
};

extern char state_path[STATE_PATH_SIZE];
extern struct ledger state_ledger; /* of the card that all is about unless said otherwise */
extern unsigned int state_log_lines; /* warnings and errors */
extern const struct rules state_rules; /* those of the contract */

int state_set_up(void **state);
int state_tear_down(void **state);

/* PATH/CARD.ledger and @suffix. */
const char *state_file(const char *suffix);

/* Files in the directory. */
unsigned int state_file_count(void);

/* Writes bytes to PATH/CARD.ledger. */
void state_write(const char *bytes, size_t length);

/* A PIN is sent; and it comes out so, once or several times. */
struct ledger_intent state_begin(enum ledger_secret secret, uid_t uid, time_t now);
void state_use(enum ledger_secret secret, uid_t uid, enum ledger_outcome outcome, time_t now);
void state_get_wrong(enum ledger_secret secret, uid_t uid, unsigned int times, time_t now);

/*
 * Both add the second by which a wait is longer than it would be if nothing were rounded: to @now,
 * and to @until.
 */
void state_assert_free(enum ledger_secret secret, uid_t uid, time_t now);
void state_assert_held_off(enum ledger_secret secret, uid_t uid, time_t now, time_t until);

/* All secrets and users are held off for an hour, and then for no longer. */
void state_assert_everybody_waits(time_t now);

/* How many wrong ones would count for this user if the daemon started now. */
unsigned int state_wrong(enum ledger_secret secret, uid_t uid);
