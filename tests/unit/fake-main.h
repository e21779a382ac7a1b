/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's main thread, as far as a test needs it: an event loop and a mailbox that live as long as the process. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/mailbox.h"

extern sd_event *main_event;
extern struct mailbox *main_mailbox;

/* For cmocka_run_group_tests(). */
int main_setup(void **state);

/* Runs the loop for one event, or for some milliseconds if there is none. */
void main_turn(void);

/* Microseconds of CLOCK_MONOTONIC_RAW, which no test lets run faster. */
uint64_t main_now(void);

/* Runs the loop until @condition holds; fails the test if it does not in time. */
#define main_turn_until(condition)                                                                     \
	do {                                                                                           \
		for (uint64_t begin_ = main_now(); !(condition); main_turn())                          \
			if (main_now() - begin_ > MAIN_PATIENCE)                                       \
				fail_msg("waited in vain for: %s", #condition);                        \
	} while (0)

enum {
	MAIN_PATIENCE = 20 * 1000000, /* microseconds; sanitizers are slow */
};
