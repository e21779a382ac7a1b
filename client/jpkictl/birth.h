/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A day of birth in both calendars that people in Japan use: of the West, and by eras (元号). */
#pragma once

/*
 * @date is YYYY-MM-DD, @era the one that the certificate names for it ("heisei"; NULL or another
 * word: none). The year of the era is there only where that era has the day, because nobody knows
 * then which of the two is wrong. The caller's to free; NULL: no memory.
 */
char *birth_text(const char *date, const char *era);
