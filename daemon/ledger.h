/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard's memory of wrong PINs, on disk, so that ending the daemon buys nobody a try: a file
 * for each card in the state directory. Whose PINs were wrong 2 times in a row waits after the last
 * of them, longer after the third, and longest after each further one (struct rules); a right one
 * is the end of that. All functions may be called from any thread.
 *
 * An intent is on the disk before a PIN is sent, and is settled when the card has answered. One
 * that is found unsettled (the daemon was killed, the answer was lost) counts as wrong. A file that
 * is damaged or not of our making is set aside (NAME.set-aside) with a line in the log, and
 * everybody waits the longest time; who gets one wrong afterwards waits it again.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "daemon/digest.h"
#include "daemon/rules.h"

/* What is guessed at. */
enum ledger_secret {
	LEDGER_AUTH_PIN,
	LEDGER_SIGN_PIN,
	LEDGER_RESET_CODE,
	LEDGER_SECRET_COUNT,
};

/* Where a card's file is. */
struct ledger {
	int directory; /* descriptor of the state directory; borrowed */
	uint8_t card[DIGEST_LENGTH];
};

/* One use of a PIN that is not settled yet. */
struct ledger_intent {
	enum ledger_secret secret;
	uid_t uid;
	uint64_t number; /* never used twice */
};

/*
 * Opens the state directory that the service manager gives ($STATE_DIRECTORY). Returns a
 * descriptor, or a negative errno after a line in the log that says what to do.
 */
int ledger_open_directory(void);

/*
 * May this user send a PIN now? 0; ANSWER_HELD_OFF, and *ret_until is when that ends (seconds since
 * 1970); or a negative errno: the file cannot be read, and nobody knows. Of times in the future
 * that a clock set back has left, no more than a full wait counts.
 */
int ledger_check(const struct ledger *ledger, const struct rules *rules, enum ledger_secret secret,
		 uid_t uid, time_t now, time_t *ret_until);

/*
 * Notes that this user's PIN is about to be sent; it is on the disk when this returns 0. A negative
 * errno: it is not, and the PIN must not be sent. Intents of others that are found unsettled count
 * as wrong from now on.
 */
int ledger_begin(const struct ledger *ledger, enum ledger_secret secret, uid_t uid, time_t now,
		 struct ledger_intent *ret_intent);

/*
 * How it came out; does nothing where the intent has been counted already. A negative errno: it is
 * still unsettled, and counts as wrong.
 */
enum ledger_outcome {
	LEDGER_RIGHT,
	LEDGER_WRONG,    /* or not known */
	LEDGER_NOT_SENT, /* nothing has reached the card that anybody has typed */
};
int ledger_settle(const struct ledger *ledger, const struct ledger_intent *intent,
		  enum ledger_outcome outcome, time_t now);
