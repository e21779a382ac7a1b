/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSL's ways turned into this project's: answers for errors, and every byte accounted for. */
#include "daemon/openssl.h"

#include <errno.h>

#include "apdu/jpki.h"
#include "base/error.h"

int openssl_failure(int otherwise)
{
	/* The oldest error is the cause, later ones are its echo on the way up. */
	const int reason = ERR_GET_REASON(ERR_peek_error());

	ERR_clear_error();
	return reason == ERR_R_MALLOC_FAILURE ? -ENOMEM : otherwise;
}

int openssl_read_x509(const uint8_t *der, size_t length, X509 **ret_x509)
{
	CLEANUP(X509_freep) X509 *x509 = NULL;
	const uint8_t *end = der;

	if (length > JPKI_CERTIFICATE_LENGTH_MAX)
		return ANSWER_CERTIFICATE_UNREADABLE;

	ERR_clear_error();
	x509 = d2i_X509(NULL, &end, (long)length);
	if (!x509)
		return openssl_failure(ANSWER_CERTIFICATE_UNREADABLE);
	if (end != der + length)
		return ANSWER_CERTIFICATE_UNREADABLE;
	*ret_x509 = TAKE(x509);
	return 0;
}
