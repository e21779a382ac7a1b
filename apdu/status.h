/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Status words (SW1-SW2) of ISO 7816-4, 5.6: the only place that knows their numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum status {
	STATUS_END_OF_FILE = 0x6282, /* end of file reached before reading Ne bytes */
	STATUS_NO_INFORMATION = 0x6300, /* verification failed, the counter is not told */
	STATUS_INCOMPATIBLE_FILE = 0x6981,
	STATUS_SECURITY_NOT_SATISFIED = 0x6982,
	STATUS_AUTHENTICATION_BLOCKED = 0x6983,
	STATUS_REFERENCE_DATA_NOT_USABLE = 0x6984,
	STATUS_NO_CURRENT_EF = 0x6986,
	STATUS_FILE_NOT_FOUND = 0x6A82,
	STATUS_WRONG_OFFSET = 0x6B00,
	STATUS_NO_PRECISE_DIAGNOSIS = 0x6F00,
	STATUS_SUCCESS = 0x9000,
};

bool status_is_success(uint16_t sw);

/* The data field of the response is what was asked for, or all that there is (6282). */
bool status_has_data(uint16_t sw);

/*
 * 61xx, 6Cxx: bytes that GET RESPONSE would give, and the Le that the command should have had; 1 to
 * 256.
 */
bool status_has_more(uint16_t sw, size_t *ret_le);
bool status_has_right_le(uint16_t sw, size_t *ret_le);

/* 63Cx: the tries left, 0 to 15. */
bool status_tries(uint16_t sw, int *ret_tries);

/*
 * No tries are left: 63C0 of the attempt that used the last one up, 6983 (ISO) or 6984 (JICSAP)
 * afterwards.
 */
bool status_is_blocked(uint16_t sw);

/* The card checked the command and did not begin to execute it: 67xx to 6Exx. */
bool status_is_refusal(uint16_t sw);

/*
 * What a card may answer that does not know the short EF identifier in P1 or P2, or for which no EF
 * is current. Cards disagree, and some of these words also have their plain meaning: asking once
 * more, after SELECT, tells.
 */
bool status_refuses_reference(uint16_t sw);

/* A command that works on the current EF found none, or not one that it can work on. */
bool status_lacks_current_ef(uint16_t sw);

/*
 * What a reader's pad says in the card's place (PC/SC part 10, 2.5), with nothing sent to the card:
 * ANSWER_TIMEOUT (6400), ANSWER_DISMISSED (6401) or ANSWER_PIN_FORMAT (6402: the two entries
 * differ; 6403: a length out of range). 0: the word is the card's.
 */
int status_pad_answer(uint16_t sw);
