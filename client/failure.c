/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/failure.h"

#include <errno.h>
#include <stdarg.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "client/language.h"

static const char *const meanings[] = {
	[0] = N_("Success"),
	[FAILURE_OTHER] = N_("Any other failure"),
	[FAILURE_USAGE] = N_("The command line is not right, or leaves open which card is meant"),
	[FAILURE_NO_SERVICE] = N_("The service jpkid or pcscd is not running"),
	[FAILURE_NO_CARD] = N_("No reader, no card, or none that answers and has JPKI"),
	[FAILURE_PIN_WRONG] = N_("The PIN is wrong, or the card's answer to it was lost"),
	[FAILURE_PIN_LOCKED] = N_("The PIN is locked"),
	[FAILURE_PIN_HELD_BACK] = N_("The PIN was held back: last try, tries changed, or too "
				     "early"),
	[FAILURE_NOT_AUTHORIZED] = N_("Not allowed, or the question was dismissed"),
	[FAILURE_NO_CERTIFICATE] = N_("The card has no such certificate"),
	[FAILURE_NO_PIN] = N_("No PIN was given, or one that cannot be right"),
	[FAILURE_BUSY] = N_("Others use the card; it may work later"),
	[FAILURE_FILE] = N_("A file cannot be read or written"),
	[FAILURE_NOT_POSSIBLE] = N_("The card cannot do that"),
	[FAILURE_SIGNATURE] = N_("The signature is not good, or the file is not a signature"),
	[FAILURE_TRUST] = N_("The signer's certificate cannot be trusted, or is not valid now"),
	[FAILURE_DIAGNOSED] = N_("diagnose has found a problem"),
};

int failure_say(enum failure failure, const char *format, ...)
{
	CLEANUP(freep) char *sentence = NULL;
	va_list arguments;

	va_start(arguments, format);
	sentence = format_list(format, arguments);
	va_end(arguments);

	if (sentence)
		utf8_clean(sentence);
	fprintf(stderr, "jpkictl: %s\n", sentence ? sentence : _("No memory is left."));
	return (int)failure;
}

int failure_no_memory(void)
{
	return failure_say(FAILURE_OTHER, _("No memory is left."));
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
	if (result == -ETIMEDOUT)
		return FAILURE_NO_CARD;
	if (result == -EBUSY)
		return FAILURE_BUSY;
	return result > 0 && failures[result] ? failures[result] : FAILURE_OTHER;
}

void failure_list(FILE *stream)
{
	for (size_t i = 0; i < LENGTH_OF(meanings); i++)
		if (meanings[i])
			fprintf(stream, "  %2zu  %s\n", i, _(meanings[i]));
}
