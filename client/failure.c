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

static enum failure failure_of_answer(enum answer answer)
{
	switch (answer) {
	case ANSWER_NO_CARD:
	case ANSWER_CARD_REMOVED:
	case ANSWER_READER_ERROR:
	case ANSWER_UNSUPPORTED_CARD:
	case ANSWER_UNKNOWN_OBJECT:
		return FAILURE_NO_CARD;
	case ANSWER_PCSC_UNAVAILABLE:
		return FAILURE_NO_SERVICE;
	case ANSWER_BUSY:
	case ANSWER_TIMEOUT:
	case ANSWER_CANCELLED:
	case ANSWER_LIMITS_EXCEEDED:
		return FAILURE_BUSY;
	case ANSWER_PIN_REQUIRED:
	case ANSWER_PIN_FORMAT:
		return FAILURE_NO_PIN;
	case ANSWER_PIN_INCORRECT:
	case ANSWER_OUTCOME_UNKNOWN:
		return FAILURE_PIN_WRONG;
	case ANSWER_PIN_LOCKED:
		return FAILURE_PIN_LOCKED;
	case ANSWER_LAST_TRY:
	case ANSWER_TRIES_CHANGED:
	case ANSWER_HELD_OFF:
		return FAILURE_PIN_HELD_BACK;
	case ANSWER_NOT_AUTHORIZED:
	case ANSWER_DISMISSED:
	case ANSWER_ACCESS_DENIED:
	case ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED:
		return FAILURE_NOT_AUTHORIZED;
	case ANSWER_NO_CERTIFICATE:
		return FAILURE_NO_CERTIFICATE;
	case ANSWER_CARD_ERROR:
	case ANSWER_RESET_NOT_POSSIBLE:
	case ANSWER_NOT_ALLOWED:
	case ANSWER_CERTIFICATE_UNREADABLE:
	case ANSWER_BAD_SIGNATURE:
	case ANSWER_INVALID_INPUT:
	case ANSWER_UNSUPPORTED_SCHEME:
	case ANSWER_UNKNOWN_INTERFACE:
	case ANSWER_UNKNOWN_METHOD:
	case ANSWER_UNKNOWN_PROPERTY:
	case ANSWER_PROPERTY_READ_ONLY:
	case ANSWER_INVALID_ARGS:
	case ANSWER_NO_MEMORY:
	case ANSWER_FAILED:
	case ANSWER_COUNT:
		break;
	}
	return FAILURE_OTHER;
}

enum failure failure_of(int result)
{
	if (result == -ENOTCONN)
		return FAILURE_NO_SERVICE;
	return result < 0 ? FAILURE_OTHER : failure_of_answer((enum answer)result);
}

void failure_list(FILE *stream)
{
	for (size_t i = 0; i < LENGTH_OF(meanings); i++)
		fprintf(stream, "  %2zu  %s\n", i, meanings[i]);
}
