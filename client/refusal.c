/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/calendar.h"
#include "client/failure.h"
#include "client/language.h"
#include "dbus/error.h"

bool refusal_set(struct refusal *refusal, int result)
{
	*refusal = (struct refusal){ .result = result };
	return false;
}

/* --- what comes over the bus ------ */

/* All other names are the bus's or the service manager's, who speak when the service does not. */
static bool is_from_service(const char *name)
{
	return error_answer(name) != ANSWER_FAILED || strcmp(name, DBUS_ERROR_FAILED) == 0;
}

/* What may follow an error's text. */
static void refusal_read_value(struct refusal *refusal, DBusMessageIter *iter)
{
	const int type = dbus_message_iter_get_arg_type(iter);
	const bool has_tries = refusal->result == ANSWER_PIN_INCORRECT ||
			       refusal->result == ANSWER_LAST_TRY;

	if (has_tries && type == DBUS_TYPE_UINT32)
		dbus_message_iter_get_basic(iter, &refusal->tries_left);
	if (refusal->result == ANSWER_HELD_OFF && type == DBUS_TYPE_UINT64)
		dbus_message_iter_get_basic(iter, &refusal->held_until);
}

void refusal_from_error(struct refusal *refusal, DBusMessage *reply)
{
	const char *name = dbus_message_get_error_name(reply), *words = name;
	DBusMessageIter iter;

	refusal_set(refusal, is_from_service(name) ? (int)error_answer(name) : -ENOTCONN);
	dbus_message_iter_init(reply, &iter);
	if (dbus_message_iter_get_arg_type(&iter) == DBUS_TYPE_STRING) {
		dbus_message_iter_get_basic(&iter, &words);
		dbus_message_iter_next(&iter);
	}
	refusal_read_value(refusal, &iter);
	snprintf(refusal->words, sizeof(refusal->words), "%s", *words ? words : name);
}

/* --- the sentence ------ */

/* Those that need no more than themselves. */
static const struct {
	int results[6]; /* ends with 0 */
	const char *sentence;
} plain_sentences[] = {
	{ { ANSWER_NO_CARD }, N_("There is no card in the reader; put a My Number Card in.") },
	{ { ANSWER_CARD_REMOVED, ANSWER_UNKNOWN_OBJECT },
	  N_("The card has been taken out; put it in again and repeat the command.") },
	{ { -ETIMEDOUT },
	  N_("The card does not answer; take it out, put it in again and repeat the command.") },
	{ { -EBUSY },
	  N_("The card is in use by another command, or does not answer. Repeat the command; if "
	     "that does not help, take the card out and put it in again.") },
	{ { ANSWER_UNSUPPORTED_CARD },
	  N_("This card cannot do that: it is neither a My Number Card nor a phone with JPKI "
	     "keys.") },
	{ { ANSWER_READER_ERROR },
	  N_("The reader or the card has failed; take the card out, put it in again and repeat the "
	     "command.") },
	{ { ANSWER_PCSC_UNAVAILABLE },
	  N_("The smart card service pcscd is not running; start it with: systemctl start "
	     "pcscd.socket") },
	{ { ANSWER_BUSY },
	  N_("Another program holds the card; end that program and repeat the command.") },
	{ { ANSWER_TIMEOUT },
	  N_("The time was up: the card was busy with other calls, or nothing was typed on the "
	     "reader's keypad. Nothing was sent to the card; repeat the command.") },
	{ { ANSWER_CANCELLED },
	  N_("The service is stopping or reading its configuration again, or the computer is going "
	     "to sleep, so this was cancelled; repeat the command afterwards.") },
	{ { ANSWER_PIN_REQUIRED },
	  N_("This needs the PIN: repeat the command in a terminal, or give the PIN with "
	     "--pin-fd.") },
	{ { ANSWER_TRIES_CHANGED },
	  N_("The number of tries left has changed meanwhile; nothing was sent to the card. See: "
	     "jpkictl pin status") },
	{ { ANSWER_OUTCOME_UNKNOWN },
	  N_("The card's answer was lost, so the PIN may have cost a try. Before you repeat the "
	     "command, see: jpkictl pin status") },
	{ { ANSWER_NOT_ALLOWED }, N_("This key does not allow that.") },
	{ { ANSWER_NO_CERTIFICATE },
	  N_("The card has no such certificate: holders under 15 have no sign certificate, and a "
	     "revoked one may have been erased. The municipal window can tell.") },
	{ { ANSWER_CERTIFICATE_UNREADABLE },
	  N_("The certificate on the card is damaged; have the card checked at the municipal "
	     "window.") },
	{ { ANSWER_BAD_SIGNATURE },
	  N_("The card made a signature that its own certificate does not verify, so it was "
	     "discarded. Have the card checked at the municipal window.") },
	{ { ANSWER_UNSUPPORTED_SCHEME },
	  N_("The card's key cannot sign with that scheme; the others are in: jpkictl sign "
	     "--help") },
	{ { ANSWER_NOT_AUTHORIZED, ANSWER_ACCESS_DENIED,
	    ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED },
	  N_("You are not allowed to do this: only a user who is logged in at this computer's own "
	     "screen may, and root (polkit decides). See: jpkictl diagnose") },
	{ { ANSWER_DISMISSED }, N_("No PIN was entered: the question was dismissed.") },
	{ { ANSWER_LIMITS_EXCEEDED },
	  N_("Too many calls are waiting; repeat the command when some have ended.") },
	{ { ANSWER_NO_MEMORY }, N_("The service has no memory left; repeat the command later.") },
	{ { ANSWER_UNKNOWN_INTERFACE, ANSWER_UNKNOWN_METHOD, ANSWER_UNKNOWN_PROPERTY,
	    ANSWER_INVALID_ARGS, -EPROTO },
	  N_("The service's answer does not have the expected form; after an update, restart the "
	     "service with: systemctl restart jpkid") },
};

/* NULL: none of those. */
static const char *plain_sentence(int result)
{
	for (size_t i = 0; i < LENGTH_OF(plain_sentences); i++)
		for (const int *of = plain_sentences[i].results; *of; of++)
			if (*of == result)
				return plain_sentences[i].sentence;
	return NULL;
}

/* False: there is no time, or no calendar has it. */
static bool tell_held_off(const struct refusal *refusal, const char *what, char *sentence)
{
	char until[CALENDAR_MOMENT_SIZE];

	if (!*calendar_moment(refusal->held_until, until))
		return false;
	snprintf(sentence, REFUSAL_SENTENCE_SIZE,
		 _("The %s was wrong several times in a row, so none is accepted before %s; "
		   "nothing was sent to the card."),
		 what, until);
	return true;
}

/* One of those that say what was tried, or what the service said. False: none of those. */
static bool tell(const struct refusal *refusal, const char *what, char *sentence)
{
	const size_t size = REFUSAL_SENTENCE_SIZE;

	switch (refusal->result) {
	case ANSWER_PIN_INCORRECT:
		snprintf(sentence, size,
			 ngettext("The %s is wrong; %u try left.",
				  "The %s is wrong; %u tries left.", refusal->tries_left),
			 what, refusal->tries_left);
		return true;
	case ANSWER_LAST_TRY:
		if (refusal->tries_left > 1)
			snprintf(sentence, size,
				 _("%u tries of the %s are left, and this computer is set to keep "
				   "the last ones; nothing was sent to the card. If you are sure "
				   "of it, repeat with --allow-last-try."),
				 refusal->tries_left, what);
		else
			snprintf(sentence, size,
				 _("One try of the %s is left, and a wrong one would lock it; "
				   "nothing was sent to the card. If you are sure of it, repeat "
				   "with --allow-last-try."),
				 what);
		return true;
	case ANSWER_HELD_OFF:
		return tell_held_off(refusal, what, sentence);
	default:
		return false;
	}
}

/* What is left needs the service's own words. */
static void tell_words(const struct refusal *refusal, char *sentence)
{
	const size_t size = REFUSAL_SENTENCE_SIZE;

	if (refusal->result == -ENOTCONN && *refusal->words)
		snprintf(sentence, size,
			 _("The service jpkid does not answer (%s); see: systemctl status jpkid"),
			 refusal->words);
	else if (refusal->result == -ENOTCONN)
		snprintf(sentence, size, "%s", _("The connection to the system bus was lost."));
	else if (refusal->result < 0)
		snprintf(sentence, size, _("The call failed: %s"), strerror(-refusal->result));
	else if (refusal->result == ANSWER_CARD_ERROR)
		snprintf(sentence, size,
			 _("The card has refused that; put it in again and repeat the command. If "
			   "it refuses again, have it checked at the municipal window. Details: "
			   "%s"),
			 refusal->words);
	else
		snprintf(sentence, size,
			 _("The service jpkid could not do that; see: journalctl -u jpkid (%s)"),
			 refusal->words);
}

const char *refusal_sentence(const struct refusal *refusal, const char *what,
			     char sentence[REFUSAL_SENTENCE_SIZE])
{
	const char *plain = plain_sentence(refusal->result);

	if (plain)
		snprintf(sentence, REFUSAL_SENTENCE_SIZE, "%s", _(plain));
	else if (!tell(refusal, what ? what : _("PIN"), sentence))
		tell_words(refusal, sentence);
	return sentence;
}

int refusal_say_about(const struct refusal *refusal, const char *what)
{
	char sentence[REFUSAL_SENTENCE_SIZE];

	return failure_say(failure_of(refusal->result), "%s",
			   refusal_sentence(refusal, what, sentence));
}

int refusal_say(const struct refusal *refusal)
{
	return refusal_say_about(refusal, NULL);
}

int refusal_say_result(int result)
{
	const struct refusal refusal = { .result = result };

	return refusal_say(&refusal);
}
