/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/error-dbus.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static const char *pin_name(const struct applet *applet)
{
	return applet->kind == JPKI_SIGN ? "sign PIN" : "auth PIN";
}

static const char *pin_format(const struct applet *applet)
{
	return applet->kind == JPKI_SIGN ?
		       "6 to 16 letters A-Z and digits, with at least one of each" :
		       "exactly 4 digits";
}

static bool is_on_phone(const struct applet *applet)
{
	return applet->card->type == JPKI_TYPE_ANDROID_PHONE ||
	       applet->card->type == JPKI_TYPE_IPHONE;
}

/* How a PIN is reset that nobody can reset here. */
static const char *way_to_reset(const struct applet *applet)
{
	if (is_on_phone(applet))
		return "Reset it in the app 「マイナポータル」 on the phone, with the My Number Card.";
	if (applet->kind == JPKI_SIGN)
		return "Have it reset at the municipal window, or with the app "
		       "「JPKI暗証番号リセット」 and within 24 hours at a terminal in a convenience "
		       "store (this needs the auth PIN; if both are forgotten, only the window "
		       "helps).";
	return "Have it reset at the municipal window, or with the app 「JPKI暗証番号リセット」 and "
	       "within 24 hours at a terminal in a Seven-Eleven or an AEON group store (this needs "
	       "the sign PIN; if both are forgotten, only the window helps).";
}

/* What was tried: a PIN, or the code that resets one. */
static bool is_about_code(const struct job *job)
{
	return job && job->kind == JOB_RESET_PIN;
}

static void fail_locked(struct call *call, const struct applet *applet, const struct job *job)
{
	if (is_about_code(job))
		call_fail(call, ANSWER_PIN_LOCKED, "The reset code is locked. %s",
			  way_to_reset(applet));
	else if (applet->card->has_reset_code)
		call_fail(call, ANSWER_PIN_LOCKED,
			  "The %s is locked. Set a new one with the card's reset code (ResetPin, "
			  "or: jpkictl pin reset).",
			  pin_name(applet));
	else
		call_fail(call, ANSWER_PIN_LOCKED, "The %s is locked. %s", pin_name(applet),
			  way_to_reset(applet));
}

static void fail_incorrect(struct call *call, const struct applet *applet, const struct job *job)
{
	int tries = 0;
	uint32_t left;

	if (job && job->back)
		tries = is_about_code(job) ? job->code_tries : job->tries;
	left = tries > 0 ? (uint32_t)tries : 0;
	call_fail_uint32(call, ANSWER_PIN_INCORRECT, left, "The %s is wrong; %u %s left.",
			 is_about_code(job) ? "reset code" : pin_name(applet), left,
			 left == 1 ? "try" : "tries");
}

static void fail_held_off(struct call *call, const struct applet *applet, const struct job *job)
{
	const time_t now = time(NULL);
	struct tm until, today;
	char clock[sizeof("2100-12-31 23:59:59")] = "";

	if (localtime_r(&job->held_until, &until) && localtime_r(&now, &today))
		strftime(clock, sizeof(clock), until.tm_yday == today.tm_yday ? "%T" : "%F %T",
			 &until);
	call_fail_uint64(call, ANSWER_HELD_OFF, (uint64_t)job->held_until,
			 "The %s was wrong several times in a row, so no other is tried before %s; "
			 "nothing was sent to the card.",
			 is_about_code(job) ? "reset code" : pin_name(applet), clock);
}

static void fail_last_try(struct call *call, const struct applet *applet, const struct job *job)
{
	const char *what = is_about_code(job) ? "reset code" : pin_name(applet);
	const uint32_t left = (uint32_t)(is_about_code(job) ? job->code_tries : job->tries);

	if (left == 1)
		call_fail_uint32(call, ANSWER_LAST_TRY, left,
				 "One try of the %s is left, and a wrong one would lock it; "
				 "nothing was sent. To use it, set 'allow-last-try'.",
				 what);
	else
		call_fail_uint32(call, ANSWER_LAST_TRY, left,
				 "%u tries of the %s are left, and this machine holds back the "
				 "last %u (jpkid.conf(5)); nothing was sent. To use one, set "
				 "'allow-last-try'.",
				 left, what, job->rules.reserve);
}

static void fail_unknown(struct call *call, const struct applet *applet, const struct job *job)
{
	if (job && job->kind == JOB_CHANGE_PIN)
		call_fail(call, ANSWER_OUTCOME_UNKNOWN,
			  "The answer of the card was lost, so it is not known whether the old or "
			  "the new %s holds. Put the card in again, ask for the tries left "
			  "(GetTries), and check the new one first (VerifyPin).",
			  pin_name(applet));
	else if (is_about_code(job))
		call_fail(call, ANSWER_OUTCOME_UNKNOWN,
			  "The answer of the card was lost, so it is not known whether the new %s "
			  "holds. Put the card in again, ask for the tries left (GetTries), and "
			  "check the new one (VerifyPin).",
			  pin_name(applet));
	else
		call_fail(call, ANSWER_OUTCOME_UNKNOWN,
			  "The answer of the card was lost, so the PIN may have cost a try; ask "
			  "for the tries left (GetTries) before you repeat.");
}

static void fail_card(struct call *call, const struct applet *applet, const struct job *job)
{
	const bool tells = job && job->back;
	const unsigned int ins = tells ? job->ins : 0, sw = tells ? job->sw : 0;

	if (tells && job->kind == JOB_CHANGE_PIN && job->verified)
		call_fail(call, ANSWER_CARD_ERROR,
			  "The card did not take the new %s (INS %02X, status word %04X); the old "
			  "one still holds.",
			  pin_name(applet), ins, sw);
	else
		call_fail(call, ANSWER_CARD_ERROR,
			  "The card refused the command INS %02X with the status word %04X.", ins,
			  sw);
}

static void fail_format(struct call *call, const struct applet *applet, const struct job *job)
{
	call_fail(call, ANSWER_PIN_FORMAT, "The %s is %s%s; nothing was sent to the card.",
		  pin_name(applet), pin_format(applet),
		  is_about_code(job) ? ", and the reset code 1 to 16 visible characters" : "");
}

static void fail_timeout(struct call *call, const struct job *job)
{
	/* A job that the card has had cannot have waited for its turn. */
	if (job && job->back)
		call_fail(call, ANSWER_TIMEOUT,
			  "Nothing was typed at the reader's pad in time; nothing was sent to the "
			  "card. Repeat.");
	else
		call_fail(call, ANSWER_TIMEOUT,
			  "The card was busy with other calls until the time was up; nothing was "
			  "sent to it. Repeat.");
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
	case ANSWER_CANCELLED:
		return "The service is being stopped or configured anew, or the machine goes to "
		       "sleep, so the call was cancelled; repeat it afterwards.";
	case ANSWER_PIN_REQUIRED:
		return "This needs the PIN; give it with the option 'pin', a descriptor to read it "
		       "from.";
	case ANSWER_TRIES_CHANGED:
		return "The card's count of tries is not what was expected; nothing was sent. Tell "
		       "the person how many are left, and repeat.";
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
	case ANSWER_LAST_TRY:
	case ANSWER_HELD_OFF:
	case ANSWER_OUTCOME_UNKNOWN:
	case ANSWER_RESET_NOT_POSSIBLE:
	case ANSWER_TIMEOUT:
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
	switch (result) {
	case ANSWER_PIN_LOCKED:
		return fail_locked(call, applet, job);
	case ANSWER_PIN_INCORRECT:
		return fail_incorrect(call, applet, job);
	case ANSWER_HELD_OFF:
		return fail_held_off(call, applet, job);
	case ANSWER_LAST_TRY:
		return fail_last_try(call, applet, job);
	case ANSWER_OUTCOME_UNKNOWN:
		return fail_unknown(call, applet, job);
	case ANSWER_CARD_ERROR:
		return fail_card(call, applet, job);
	case ANSWER_RESET_NOT_POSSIBLE:
		return call_fail(call, ANSWER_RESET_NOT_POSSIBLE,
				 "This card has no reset code for its holder; nothing was sent to "
				 "it. %s",
				 way_to_reset(applet));
	case ANSWER_PIN_FORMAT:
		return fail_format(call, applet, job);
	case ANSWER_TIMEOUT:
		return fail_timeout(call, job);
	default:
		break;
	}
	text = sentence((enum answer)result);
	if (text)
		call_fail(call, (enum answer)result, "%s", text);
	else
		call_fail(call, ANSWER_FAILED,
			  "The service met a result that it has no word for (%d).", result);
}
