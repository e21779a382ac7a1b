/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-main.h"

#include <time.h>

enum {
	TURN_MICROSECONDS = 20 * 1000,
};

sd_event *main_event;
struct mailbox *main_mailbox;

int main_setup(void **state)
{
	assert_true(sd_event_new(&main_event) >= 0);
	assert_int_equal(mailbox_new(main_event, &main_mailbox), 0);
	return 0;
}

void main_turn(void)
{
	assert_true(sd_event_run(main_event, TURN_MICROSECONDS) >= 0);
}

uint64_t main_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}
