/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/notice.h"

#include "client/calendar.h"

bool notice_dates_are_sane(const struct notice_dates *dates)
{
	static const uint64_t year_2000 = 946684800;
	struct tm end;

	return dates->renewable_from >= year_2000 && dates->renewable_from <= dates->not_after &&
	       calendar_japan(dates->not_after, &end);
}

static uint64_t begin(const struct notice_dates *dates, enum notice_stage stage)
{
	switch (stage) {
	case NOTICE_RENEWABLE:
		return dates->renewable_from;
	case NOTICE_MONTH:
		return calendar_midnight(dates->not_after, 30);
	case NOTICE_WEEK:
		return calendar_midnight(dates->not_after, 7);
	case NOTICE_DAY:
		return calendar_midnight(dates->not_after, 1);
	case NOTICE_EXPIRED:
		return dates->not_after + 1;
	case NOTICE_NONE:
	case NOTICE_STAGE_COUNT:
	default:
		return 0;
	}
}

enum notice_stage notice_stage_at(const struct notice_dates *dates, uint64_t now)
{
	enum notice_stage stage = NOTICE_EXPIRED;

	while (stage > NOTICE_NONE && now < begin(dates, stage))
		stage--;
	return stage;
}

uint64_t notice_next(const struct notice_dates *dates, uint64_t now)
{
	const enum notice_stage stage = notice_stage_at(dates, now);

	return stage < NOTICE_EXPIRED ? begin(dates, stage + 1) : UINT64_MAX;
}

bool notice_is_same_birthday(const struct notice_dates *one, const struct notice_dates *other)
{
	struct tm day, other_day;

	return calendar_japan(one->not_after, &day) &&
	       calendar_japan(other->not_after, &other_day) && day.tm_mon == other_day.tm_mon &&
	       day.tm_mday == other_day.tm_mday;
}
