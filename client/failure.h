/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why jpkictl ends without having done its work. Functions whose headers promise "0 or an enum
 * failure" return it after it has been said on standard error, in one line; main() makes it the
 * exit status.
 */
#pragma once

#include <stdio.h>

/* The exit statuses; failure_list() has the words. */
enum failure {
	FAILURE_OTHER = 1,
	FAILURE_USAGE,
	FAILURE_NO_SERVICE,
	FAILURE_NO_CARD,
	FAILURE_PIN_WRONG,
	FAILURE_PIN_LOCKED,
	FAILURE_PIN_HELD_BACK,
	FAILURE_NOT_AUTHORIZED,
	FAILURE_NO_CERTIFICATE,
	FAILURE_NO_PIN,
	FAILURE_BUSY,
	FAILURE_FILE,
	FAILURE_NOT_POSSIBLE,
	FAILURE_SIGNATURE,
	FAILURE_TRUST,
	FAILURE_DIAGNOSED,
};

/* Says "jpkictl: " and the sentence; control characters in it are replaced. Returns @failure. */
__attribute__((format(printf, 2, 3))) int failure_say(enum failure failure, const char *format,
						      ...);

int failure_no_memory(void);

/* That of a result as base/error.h has it, but not 0; -ENOTCONN: the service is not there. */
enum failure failure_of(int result);

/* One line for each exit status. */
void failure_list(FILE *stream);
