/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

/* --- what comes over the bus ----------------------------------------------------------------- */

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

/* --- the sentence ---------------------------------------------------------------------------- */

/* Those that need no more than themselves; NULL: none of those. */
static const char *plain_sentence(int result)
{
	switch (result) {
	case ANSWER_NO_CARD:
		return N_("There is no card in the reader; put a My Number Card in.");
	case ANSWER_CARD_REMOVED:
	case ANSWER_UNKNOWN_OBJECT:
		return N_("The card has been taken out; put it in again and repeat the command.");
	case -ETIMEDOUT:
		return N_("The card does not answer; take it out, put it in again and repeat the "
			  "command.");
	case -EBUSY:
		return N_("The card is in use by another command, or does not answer. Repeat the "
			  "command; if that does not help, take the card out and put it in again.");
	case ANSWER_UNSUPPORTED_CARD:
		return N_("This card cannot do that: it is neither a My Number Card nor a phone "
			  "with JPKI keys.");
	case ANSWER_READER_ERROR:
		return N_("The reader or the card has failed; take the card out, put it in again "
			  "and repeat the command.");
	case ANSWER_PCSC_UNAVAILABLE:
		return N_("The smart card service pcscd is not running; start it with: systemctl "
			  "start pcscd.socket");
	case ANSWER_BUSY:
		return N_("Another program holds the card; end that program and repeat the "
			  "command.");
	case ANSWER_TIMEOUT:
		return N_("The time was up: the card was busy with other calls, or nothing was "
			  "typed on the reader's keypad. Nothing was sent to the card; repeat the "
			  "command.");
	case ANSWER_CANCELLED:
		return N_("The service is stopping or reading its configuration again, or the "
			  "computer is going to sleep, so this was cancelled; repeat the command "
			  "afterwards.");
	case ANSWER_PIN_REQUIRED:
		return N_("This needs the PIN: repeat the command in a terminal, or give the PIN "
			  "with --pin-fd.");
	case ANSWER_TRIES_CHANGED:
		return N_("The number of tries left has changed meanwhile; nothing was sent to the "
			  "card. See: jpkictl pin status");
	case ANSWER_OUTCOME_UNKNOWN:
		return N_("The card's answer was lost, so the PIN may have cost a try. Before you "
			  "repeat the command, see: jpkictl pin status");
	case ANSWER_NOT_ALLOWED:
		return N_("This key does not allow that.");
	case ANSWER_NO_CERTIFICATE:
		return N_("The card has no such certificate: holders under 15 have no sign "
			  "certificate, and a revoked one may have been erased. The municipal "
			  "window can tell.");
	case ANSWER_CERTIFICATE_UNREADABLE:
		return N_("The certificate on the card is damaged; have the card checked at the "
			  "municipal window.");
	case ANSWER_BAD_SIGNATURE:
		return N_("The card made a signature that its own certificate does not verify, so "
			  "it was discarded. Have the card checked at the municipal window.");
	case ANSWER_UNSUPPORTED_SCHEME:
		return N_("The card's key cannot sign with that scheme.");
	case ANSWER_NOT_AUTHORIZED:
	case ANSWER_ACCESS_DENIED:
	case ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED:
		return N_("You are not allowed to do this: only a user who is logged in at this "
			  "computer's own screen may, and root (polkit decides). See: jpkictl "
			  "diagnose");
	case ANSWER_DISMISSED:
		return N_("No PIN was entered: the question was dismissed.");
	case ANSWER_LIMITS_EXCEEDED:
		return N_("Too many calls are waiting; repeat the command when some have ended.");
	case ANSWER_NO_MEMORY:
		return N_("The service has no memory left; repeat the command later.");
	case ANSWER_UNKNOWN_INTERFACE:
	case ANSWER_UNKNOWN_METHOD:
	case ANSWER_UNKNOWN_PROPERTY:
	case ANSWER_INVALID_ARGS:
	case -EPROTO:
		return N_("The service's answer does not have the expected form; after an update, "
			  "restart the service with: systemctl restart jpkid");
	default:
		return NULL;
	}
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
	else
		snprintf(sentence, size, _("That was not possible. The service says: %s"),
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
