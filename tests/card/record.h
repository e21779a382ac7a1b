/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record of what happened to the card, one line each, written at once, so that tests can count
 * while the card runs:
 *	TIME EVENT					power-on, power-off, reset, insert, pull
 *	TIME apdu HEADER LC LE SW ANSWER-LENGTH BODY
 * TIME is CLOCK_MONOTONIC in µs, HEADER and BODY are hexadecimal, "-" stands for what is not there.
 * A command of wrong length has "?" as LC. BODY is written for SELECT and SIGN only: every other
 * body may be a PIN. SW is "-" when no answer was given.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "tests/card/command.h"

struct record {
	FILE *file;	/* NULL = nothing is written */
};

uint64_t record_now_us(void);

/* Appends to the file at path; NULL = nothing is recorded. 0 or negative errno. */
int record_open(struct record *record, const char *path);
void record_close(struct record *record);

void record_event(struct record *record, const char *event);

/* answer is NULL when the reader got none. */
void record_apdu(struct record *record, const struct command *command, const struct answer *answer);
