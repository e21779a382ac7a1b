/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/calendar.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/language.h"

enum {
	EAST_OF_UTC = 9 * 60 * 60, /* seconds; Japan has no summer time */
	SECONDS_PER_DAY = 24 * 60 * 60,
	TM_YEAR = 1900,
};

static bool is_in_calendar(uint64_t seconds)
{
	static const uint64_t year_10000 = 253402300800;

	return seconds > 0 && seconds < year_10000;
}

bool calendar_japan(uint64_t seconds, struct tm *ret_time)
{
	time_t local;

	if (!is_in_calendar(seconds))
		return false;
	local = (time_t)seconds + EAST_OF_UTC;
	return gmtime_r(&local, ret_time);
}

static void write_day(const struct tm *day, char text[CALENDAR_DAY_SIZE])
{
	/* TRANSLATORS: a date: year, month, day */
	snprintf(text, CALENDAR_DAY_SIZE, _("%04d-%02d-%02d"), day->tm_year + TM_YEAR,
		 day->tm_mon + 1, day->tm_mday);
}

const char *calendar_day(uint64_t seconds, char text[CALENDAR_DAY_SIZE])
{
	struct tm day;

	*text = '\0';
	if (calendar_japan(seconds, &day))
		write_day(&day, text);
	return text;
}

const char *calendar_moment(uint64_t seconds, char text[CALENDAR_MOMENT_SIZE])
{
	const time_t then = (time_t)seconds;
	char day[CALENDAR_DAY_SIZE];
	struct tm local;

	*text = '\0';
	if (!is_in_calendar(seconds) || !localtime_r(&then, &local))
		return text;
	write_day(&local, day);
	snprintf(text, CALENDAR_MOMENT_SIZE, "%s %02d:%02d:%02d", day, local.tm_hour, local.tm_min,
		 local.tm_sec);
	return text;
}

static time_t day_number(time_t seconds)
{
	return (seconds + EAST_OF_UTC) / SECONDS_PER_DAY;
}

bool calendar_days_until(uint64_t then, time_t now, int *ret_days)
{
	if (!is_in_calendar(then) || now < 0 || !is_in_calendar((uint64_t)now))
		return false;
	*ret_days = (int)(day_number((time_t)then) - day_number(now));
	return true;
}

uint64_t calendar_midnight(uint64_t seconds, unsigned int days_before)
{
	const time_t day = day_number((time_t)seconds) - (time_t)days_before;

	return (uint64_t)(day * SECONDS_PER_DAY - EAST_OF_UTC);
}

const char *calendar_stamp(uint64_t seconds, char text[CALENDAR_STAMP_SIZE])
{
	struct tm japan;

	*text = '\0';
	if (calendar_japan(seconds, &japan))
		strftime(text, CALENDAR_STAMP_SIZE, "%FT%T+09:00", &japan);
	return text;
}

const char *calendar_local_stamp(time_t time, char text[CALENDAR_STAMP_SIZE])
{
	struct tm local;
	size_t length;
	long minutes;

	*text = '\0';
	if (!localtime_r(&time, &local))
		return text;
	length = strftime(text, CALENDAR_STAMP_SIZE, "%FT%T", &local);
	minutes = labs(local.tm_gmtoff) / 60;
	snprintf(text + length, CALENDAR_STAMP_SIZE - length, "%c%02ld:%02ld",
		 local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return text;
}

const char *calendar_local(time_t time, char text[CALENDAR_STAMP_SIZE])
{
	struct tm local;

	*text = '\0';
	if (localtime_r(&time, &local))
		strftime(text, CALENDAR_STAMP_SIZE, "%F %T", &local);
	return text;
}
