/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guard, and PINs that it is to send to a card that plays a script; in the directory of tests/unit/state.h. */
#pragma once

#include "daemon/guard.h"
#include "tests/unit/card-commands.h"
#include "tests/unit/script.h"
#include "tests/unit/state.h"

#define VERIFY_9991 "00 20 00 98 04 39 39 39 31"
#define VERIFY_9992 "00 20 00 98 04 39 39 39 32"

/* Of a card that it knows already, and of which nobody has got a PIN wrong. */
struct guard attempt_guard(void);

/* Claimed, with the PIN "1234" or "ABC123". */
struct job *attempt_job(enum jpki_applet applet);

/* What guard_verify() answers, once the whole script was played; the latter with the auth PIN of a user. */
int attempt_verify(struct guard *guard, struct script *script, struct job *job);
int attempt_pin(struct guard *guard, struct script *script, const char *pin, uid_t uid);

/* 9991 and 9992. */
void attempt_two_wrong_pins(struct guard *guard, uid_t uid);

void assert_tries(const struct job *job, int tries);
void assert_nothing_sent(const struct job *job);
