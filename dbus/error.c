/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/error.h"

#include <string.h>

#include "base/cleanup.h"
#include "dbus/message.h"

#define JPKID_ERROR "org.jpkid1.Error."

static const char *const error_names[ANSWER_COUNT] = {
	[ANSWER_NO_CARD] = JPKID_ERROR "NoCard",
	[ANSWER_CARD_REMOVED] = JPKID_ERROR "CardRemoved",
	[ANSWER_UNSUPPORTED_CARD] = JPKID_ERROR "UnsupportedCard",
	[ANSWER_CARD_ERROR] = JPKID_ERROR "CardError",
	[ANSWER_READER_ERROR] = JPKID_ERROR "ReaderError",
	[ANSWER_PCSC_UNAVAILABLE] = JPKID_ERROR "PcscUnavailable",
	[ANSWER_BUSY] = JPKID_ERROR "Busy",
	[ANSWER_TIMEOUT] = JPKID_ERROR "Timeout",
	[ANSWER_CANCELLED] = JPKID_ERROR "Cancelled",
	[ANSWER_PIN_REQUIRED] = JPKID_ERROR "PinRequired",
	[ANSWER_PIN_FORMAT] = JPKID_ERROR "PinFormat",
	[ANSWER_PIN_INCORRECT] = JPKID_ERROR "PinIncorrect",
	[ANSWER_PIN_LOCKED] = JPKID_ERROR "PinLocked",
	[ANSWER_LAST_TRY] = JPKID_ERROR "LastTry",
	[ANSWER_TRIES_CHANGED] = JPKID_ERROR "TriesChanged",
	[ANSWER_HELD_OFF] = JPKID_ERROR "HeldOff",
	[ANSWER_OUTCOME_UNKNOWN] = JPKID_ERROR "OutcomeUnknown",
	[ANSWER_RESET_NOT_POSSIBLE] = JPKID_ERROR "ResetNotPossible",
	[ANSWER_NOT_ALLOWED] = JPKID_ERROR "NotAllowed",
	[ANSWER_NO_CERTIFICATE] = JPKID_ERROR "NoCertificate",
	[ANSWER_CERTIFICATE_UNREADABLE] = JPKID_ERROR "CertificateUnreadable",
	[ANSWER_BAD_SIGNATURE] = JPKID_ERROR "BadSignature",
	[ANSWER_INVALID_INPUT] = JPKID_ERROR "InvalidInput",
	[ANSWER_UNSUPPORTED_SCHEME] = JPKID_ERROR "UnsupportedScheme",
	[ANSWER_NOT_AUTHORIZED] = JPKID_ERROR "NotAuthorized",
	[ANSWER_DISMISSED] = JPKID_ERROR "Dismissed",
	[ANSWER_ACCESS_DENIED] = DBUS_ERROR_ACCESS_DENIED,
	[ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED] = DBUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
	[ANSWER_UNKNOWN_OBJECT] = DBUS_ERROR_UNKNOWN_OBJECT,
	[ANSWER_UNKNOWN_INTERFACE] = DBUS_ERROR_UNKNOWN_INTERFACE,
	[ANSWER_UNKNOWN_METHOD] = DBUS_ERROR_UNKNOWN_METHOD,
	[ANSWER_UNKNOWN_PROPERTY] = DBUS_ERROR_UNKNOWN_PROPERTY,
	[ANSWER_PROPERTY_READ_ONLY] = DBUS_ERROR_PROPERTY_READ_ONLY,
	[ANSWER_INVALID_ARGS] = DBUS_ERROR_INVALID_ARGS,
	[ANSWER_NO_MEMORY] = DBUS_ERROR_NO_MEMORY,
	[ANSWER_LIMITS_EXCEEDED] = DBUS_ERROR_LIMITS_EXCEEDED,
	[ANSWER_FAILED] = DBUS_ERROR_FAILED,
};

const char *error_name(enum answer answer)
{
	const size_t index = (size_t)answer;

	if (index >= LENGTH_OF(error_names) || !error_names[index])
		return error_names[ANSWER_FAILED];
	return error_names[index];
}

enum answer error_answer(const char *name)
{
	for (size_t i = 0; i < LENGTH_OF(error_names); i++)
		if (error_names[i] && strcmp(error_names[i], name) == 0)
			return (enum answer)i;
	return ANSWER_FAILED;
}
