/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two kinds of results, told apart by their sign.
 *
 * A function that can fail returns an int. Negative: an errno; something is broken that the caller
 * cannot mend (no memory, a bug, an I/O fault), it is forwarded untouched. Zero: done, and only
 * then are the outputs written. Positive: one of the answers below, a result that the program is
 * made to meet; each has an error of its own on the bus, and a sentence that tells a person what to
 * do.
 */
#pragma once

enum answer {
	ANSWER_NO_CARD = 1,
	ANSWER_CARD_REMOVED,
	ANSWER_UNSUPPORTED_CARD,
	ANSWER_CARD_ERROR,
	ANSWER_READER_ERROR,
	ANSWER_PCSC_UNAVAILABLE,
	ANSWER_BUSY,
	ANSWER_TIMEOUT,
	ANSWER_CANCELLED,
	ANSWER_PIN_REQUIRED,
	ANSWER_PIN_FORMAT,
	ANSWER_PIN_INCORRECT,
	ANSWER_PIN_LOCKED,
	ANSWER_LAST_TRY,
	ANSWER_TRIES_CHANGED,
	ANSWER_HELD_OFF,
	ANSWER_OUTCOME_UNKNOWN,
	ANSWER_RESET_NOT_POSSIBLE,
	ANSWER_NOT_ALLOWED,
	ANSWER_NO_CERTIFICATE,
	ANSWER_CERTIFICATE_UNREADABLE,
	ANSWER_BAD_SIGNATURE,
	ANSWER_INVALID_INPUT,
	ANSWER_UNSUPPORTED_SCHEME,
	ANSWER_NOT_AUTHORIZED,
	ANSWER_DISMISSED,
	ANSWER_ACCESS_DENIED,
	ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED,
	ANSWER_UNKNOWN_OBJECT,
	ANSWER_UNKNOWN_INTERFACE,
	ANSWER_UNKNOWN_METHOD,
	ANSWER_UNKNOWN_PROPERTY,
	ANSWER_PROPERTY_READ_ONLY,
	ANSWER_INVALID_ARGS,
	ANSWER_NO_MEMORY,
	ANSWER_LIMITS_EXCEEDED,
	ANSWER_FAILED,
	ANSWER_COUNT,
};
