/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/error-dbus.h"

#include <errno.h>
#include <string.h>

static const char *pin_name(const struct applet *applet)
{
	return applet->kind == JPKI_SIGN ? "sign PIN" : "auth PIN";
}

static const char *pin_format(const struct applet *applet)
{
	return applet->kind == JPKI_SIGN
		       ? "6 to 16 letters A-Z and digits, with at least one of each"
		       : "exactly 4 digits";
}

static bool is_on_phone(const struct applet *applet)
{
	return applet->card->type == JPKI_TYPE_ANDROID_PHONE ||
	       applet->card->type == JPKI_TYPE_IPHONE;
}

static void fail_locked(struct call *call, const struct applet *applet)
{
	const char *store = applet->kind == JPKI_SIGN
				    ? "a terminal in a convenience store (this needs the auth PIN)"
				    : "a terminal in a Seven-Eleven or an AEON group store (this "
				      "needs the sign PIN)";

	if (is_on_phone(applet))
		call_fail(call, ANSWER_PIN_LOCKED,
			  "The %s is locked. Reset it in the app 「マイナポータル」 on the phone, "
			  "with the My Number Card.",
			  pin_name(applet));
	else
		call_fail(
			call, ANSWER_PIN_LOCKED,
			"The %s is locked. Have it reset at the municipal window, or with the app "
			"「JPKI暗証番号リセット」 and within 24 hours at %s.",
			pin_name(applet), store);
}

static void fail_incorrect(struct call *call, const struct applet *applet, const struct job *job)
{
	uint32_t left = job && job->has_tries ? (uint32_t)job->tries : 0;

	call_fail_uint32(call, ANSWER_PIN_INCORRECT, left, "The %s is wrong; %u %s left.",
			 pin_name(applet), left, left == 1 ? "try" : "tries");
}

static void fail_errno(struct call *call, int error)
{
	if (error == -ENOMEM)
		call_fail(call, ANSWER_NO_MEMORY,
			  "The service has no memory left; try again later.");
	else
		call_fail(call, ANSWER_FAILED, "The service failed (%s); its log says more.",
			  strerror(-error));
}

/* The sentences of answers that need no more than themselves; NULL: none of those. */
static const char *sentence(enum answer answer)
{
	switch (answer) {
	case ANSWER_NO_CARD:
		return "There is no card in the reader; put one in.";
	case ANSWER_CARD_REMOVED:
		return "The card has been taken out; put it in again and repeat.";
	case ANSWER_UNSUPPORTED_CARD:
		return "This card cannot do that: it is not a My Number Card or a phone with JPKI "
		       "keys.";
	case ANSWER_READER_ERROR:
		return "The reader or the card has failed; take the card out, put it in again and "
		       "repeat.";
	case ANSWER_PCSC_UNAVAILABLE:
		return "The smart card service pcscd is not there; start it with: systemctl start "
		       "pcscd.socket";
	case ANSWER_BUSY:
		return "Another program holds the card; end it and repeat.";
	case ANSWER_TIMEOUT:
		return "The card was busy with other calls until the time was up; nothing was sent "
		       "to it. Repeat.";
	case ANSWER_CANCELLED:
		return "The service is being stopped, so the call was cancelled; repeat it when "
		       "the service is back.";
	case ANSWER_PIN_REQUIRED:
		return "This needs the PIN; give it with the option 'pin', a descriptor to read it "
		       "from.";
	case ANSWER_TRIES_CHANGED:
		return "The card's count of tries is not what was expected; nothing was sent. Look "
		       "at TriesLeft again.";
	case ANSWER_LAST_TRY:
		return "One try is left, and a wrong PIN would lock the card; nothing was sent. To "
		       "use it, set 'allow-last-try'.";
	case ANSWER_OUTCOME_UNKNOWN:
		return "The answer of the card was lost, so the PIN may have cost a try; look at "
		       "TriesLeft before you repeat.";
	case ANSWER_NOT_ALLOWED:
		return "This applet does not allow that.";
	case ANSWER_NO_CERTIFICATE:
		return "The card carries no such certificate (holders under 15 have no sign "
		       "certificate, and one that was revoked may be erased); the municipal window "
		       "can tell.";
	case ANSWER_CERTIFICATE_UNREADABLE:
		return "What the card has in the certificate's place is not one; have the card "
		       "looked at.";
	case ANSWER_BAD_SIGNATURE:
		return "The card made a signature that its own certificate does not verify; it was "
		       "not released.";
	case ANSWER_INVALID_INPUT:
		return "An argument has a value that the method does not take; see org.jpkid1(5).";
	case ANSWER_UNSUPPORTED_SCHEME:
		return "There is no such signature scheme; see org.jpkid1(5).";
	case ANSWER_NOT_AUTHORIZED:
		return "You are not allowed to do this; polkit decides, and the session at the "
		       "machine's screen may.";
	case ANSWER_DISMISSED:
		return "The question was dismissed.";
	case ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED:
		return "This needs a question to the user; allow interactive authorization in the "
		       "call.";
	case ANSWER_LIMITS_EXCEEDED:
		return "Too many calls are waiting; let some end first.";
	case ANSWER_UNKNOWN_OBJECT:
		return "The card of this object is gone; look for the present ones.";
	case ANSWER_CARD_ERROR:
	case ANSWER_PIN_FORMAT:
	case ANSWER_PIN_INCORRECT:
	case ANSWER_PIN_LOCKED:
	case ANSWER_HELD_OFF:
	case ANSWER_RESET_NOT_POSSIBLE:
	case ANSWER_ACCESS_DENIED:
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
	return NULL;
}

void call_fail_result(struct call *call, int result, const struct applet *applet,
		      const struct job *job)
{
	const char *text;

	if (result < 0)
		return fail_errno(call, result);
	if (result == ANSWER_PIN_LOCKED)
		return fail_locked(call, applet);
	if (result == ANSWER_PIN_INCORRECT)
		return fail_incorrect(call, applet, job);
	if (result == ANSWER_PIN_FORMAT)
		return call_fail(call, ANSWER_PIN_FORMAT,
				 "The %s is %s; nothing was sent to the card.", pin_name(applet),
				 pin_format(applet));
	if (result == ANSWER_CARD_ERROR)
		return call_fail(call, ANSWER_CARD_ERROR,
				 "The card refused the command INS %02X with the status word %04X.",
				 job ? job->ins : 0U, job ? job->sw : 0U);

	text = sentence((enum answer)result);
	if (text)
		call_fail(call, (enum answer)result, "%s", text);
	else
		call_fail(call, ANSWER_FAILED,
			  "The service met a result that it has no word for (%d).", result);
}
