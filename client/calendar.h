/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times, for persons and programs. Those of certificates are Japan's, wherever the user is; those
 * of what happens are the user's own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
	CALENDAR_DAY_SIZE = 32,
	CALENDAR_MOMENT_SIZE = CALENDAR_DAY_SIZE + 16,
	CALENDAR_STAMP_SIZE = 40,
};

/* The time in Japan. False: @seconds (since 1970) are 0, or no calendar has them. */
bool calendar_japan(uint64_t seconds, struct tm *ret_time);

/* That day for a person; "" where calendar_japan() is false. Returns @text. */
const char *calendar_day(uint64_t seconds, char text[CALENDAR_DAY_SIZE]);

/* A day and its time in a person's words, in the user's own time; "" as above. Returns @text. */
const char *calendar_moment(uint64_t seconds, char text[CALENDAR_MOMENT_SIZE]);

/*
 * How many midnights of Japan lie between @now and @then: of a certificate that ends then, 0 on its
 * last day, 1 on the day before; negative when it ended on an earlier day. False: as above.
 */
bool calendar_days_until(uint64_t then, time_t now, int *ret_days);

/* The first second of the day so many days before that of @seconds, which a calendar has. */
uint64_t calendar_midnight(uint64_t seconds, unsigned int days_before);

/* RFC 3339, in Japan; "" where calendar_japan() is false. Returns @text. */
const char *calendar_stamp(uint64_t seconds, char text[CALENDAR_STAMP_SIZE]);

/* The user's own time for programs (RFC 3339), and for a list; "" where no calendar has it. */
const char *calendar_local_stamp(time_t time, char text[CALENDAR_STAMP_SIZE]);
const char *calendar_local(time_t time, char text[CALENDAR_STAMP_SIZE]);
