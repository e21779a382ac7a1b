/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/failure.h"

#include <errno.h>
#include <stdarg.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/text.h"

static const char *const meanings[] = {
	[0] = "done",
	[FAILURE_OTHER] = "something else failed",
	[FAILURE_USAGE] = "the command line is not right, or leaves open which card is meant",
	[FAILURE_NO_SERVICE] = "the service jpkid or pcscd is not there",
	[FAILURE_NO_CARD] = "no reader, no card, or none that answers and has JPKI",
	[FAILURE_PIN_WRONG] = "the PIN is wrong, or the card's answer to it was lost",
	[FAILURE_PIN_LOCKED] = "the PIN is locked",
	[FAILURE_PIN_HELD_BACK] = "the PIN was held back: last try, tries changed, or too early",
	[FAILURE_NOT_AUTHORIZED] = "not allowed, or not confirmed",
	[FAILURE_NO_CERTIFICATE] = "the card has no such certificate",
	[FAILURE_NO_PIN] = "no PIN was given, or one that cannot be right",
	[FAILURE_BUSY] = "others use the card; later it may work",
	[FAILURE_FILE] = "a file cannot be read or written",
	[FAILURE_NOT_POSSIBLE] = "the card cannot do that",
};

int failure_say(enum failure failure, const char *format, ...)
{
	CLEANUP(freep) char *sentence = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&sentence, format, arguments) < 0)
		sentence = NULL; /* vasprintf leaves it undefined */
	va_end(arguments);

	if (sentence)
		text_clean(sentence);
	fprintf(stderr, "jpkictl: %s\n", sentence ? sentence : "No memory is left.");
	return (int)failure;
}

int failure_no_memory(void)
{
	return failure_say(FAILURE_OTHER, "No memory is left.");
}

enum failure failure_of(int result)
{
	static const enum failure failures[ANSWER_COUNT] = {
		[ANSWER_NO_CARD] = FAILURE_NO_CARD,
		[ANSWER_CARD_REMOVED] = FAILURE_NO_CARD,
		[ANSWER_READER_ERROR] = FAILURE_NO_CARD,
		[ANSWER_UNSUPPORTED_CARD] = FAILURE_NO_CARD,
		[ANSWER_UNKNOWN_OBJECT] = FAILURE_NO_CARD,
		[ANSWER_PCSC_UNAVAILABLE] = FAILURE_NO_SERVICE,
		[ANSWER_BUSY] = FAILURE_BUSY,
		[ANSWER_TIMEOUT] = FAILURE_BUSY,
		[ANSWER_CANCELLED] = FAILURE_BUSY,
		[ANSWER_LIMITS_EXCEEDED] = FAILURE_BUSY,
		[ANSWER_PIN_REQUIRED] = FAILURE_NO_PIN,
		[ANSWER_PIN_FORMAT] = FAILURE_NO_PIN,
		/* All else that jpkictl sends is right: a new PIN that is the old one. */
		[ANSWER_INVALID_INPUT] = FAILURE_NO_PIN,
		[ANSWER_PIN_INCORRECT] = FAILURE_PIN_WRONG,
		[ANSWER_OUTCOME_UNKNOWN] = FAILURE_PIN_WRONG,
		[ANSWER_PIN_LOCKED] = FAILURE_PIN_LOCKED,
		[ANSWER_LAST_TRY] = FAILURE_PIN_HELD_BACK,
		[ANSWER_TRIES_CHANGED] = FAILURE_PIN_HELD_BACK,
		[ANSWER_HELD_OFF] = FAILURE_PIN_HELD_BACK,
		[ANSWER_NOT_AUTHORIZED] = FAILURE_NOT_AUTHORIZED,
		[ANSWER_DISMISSED] = FAILURE_NOT_AUTHORIZED,
		[ANSWER_ACCESS_DENIED] = FAILURE_NOT_AUTHORIZED,
		[ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED] = FAILURE_NOT_AUTHORIZED,
		[ANSWER_NO_CERTIFICATE] = FAILURE_NO_CERTIFICATE,
		[ANSWER_RESET_NOT_POSSIBLE] = FAILURE_NOT_POSSIBLE,
	};

	if (result == -ENOTCONN)
		return FAILURE_NO_SERVICE;
	return result > 0 && failures[result] ? failures[result] : FAILURE_OTHER;
}

void failure_list(FILE *stream)
{
	for (size_t i = 0; i < LENGTH_OF(meanings); i++)
		fprintf(stream, "  %2zu  %s\n", i, meanings[i]);
}
