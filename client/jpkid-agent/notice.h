/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to be told of a certificate's end, and when. All times are seconds since 1970. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Each is told once; who comes late is told the last one that is due. */
enum notice_stage {
	NOTICE_NONE,
	NOTICE_RENEWABLE,
	NOTICE_MONTH, /* 30 days before its last day */
	NOTICE_WEEK,
	NOTICE_DAY,
	NOTICE_EXPIRED,
	NOTICE_STAGE_COUNT,
};

/* Of a certificate; fit for these functions if notice_dates_are_sane(). */
struct notice_dates {
	uint64_t not_after, renewable_from;
};

bool notice_dates_are_sane(const struct notice_dates *dates);

enum notice_stage notice_stage_at(const struct notice_dates *dates, uint64_t now);

/* When the stage after that of @now begins; UINT64_MAX: there is none. */
uint64_t notice_next(const struct notice_dates *dates, uint64_t now);

/* Whether two certificates end on the same day of a year: those of a person end on a birthday. */
bool notice_is_same_birthday(const struct notice_dates *one, const struct notice_dates *other);
