/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why the service did not do what it was asked for, and the sentence that tells a person. */
#pragma once

#include <stdbool.h>

#include "dbus/message.h"

enum {
	REFUSAL_SENTENCE_SIZE = 1024,
	REFUSAL_WORDS_SIZE = 512,
};

struct refusal {
	/*
	 * As base/error.h has it; -ENOTCONN: the service is not there, or no more; -ETIMEDOUT: the
	 * card does not answer in the time that the caller has; -EBUSY: nor has its turn come.
	 */
	int result;
	uint32_t tries_left; /* of ANSWER_PIN_INCORRECT and ANSWER_LAST_TRY, else 0 */
	uint64_t held_until; /* of ANSWER_HELD_OFF, seconds since 1970 */
	/* The service's own, for its log and programs; "": none. */
	char words[REFUSAL_WORDS_SIZE];
};

/* One that is found before there is an answer. Returns false. */
bool refusal_set(struct refusal *refusal, int result);

/* That of a reply that is an error. */
void refusal_from_error(struct refusal *refusal, DBusMessage *reply);

/*
 * The sentence, in the person's language. @what was tried: "auth PIN" or the like, in that
 * language, too; NULL: a PIN. Returns @sentence.
 */
const char *refusal_sentence(const struct refusal *refusal, const char *what,
			     char sentence[REFUSAL_SENTENCE_SIZE]);

/* Says it; the enum failure that it is. */
int refusal_say(const struct refusal *refusal);
int refusal_say_about(const struct refusal *refusal, const char *what);
/* The same of one that is found before there is an answer. */
int refusal_say_result(int result);
