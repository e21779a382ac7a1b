/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/certificate-file.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/language.h"
#include "client/source.h"

enum {
	FILE_LENGTH_MAX = 1024 * 1024, /* that of all authorities of the web has a quarter of it */
};

/* False: no memory. */
static bool append(STACK_OF(X509) *certificates, X509 *certificate)
{
	if (sk_X509_push(certificates, certificate) > 0)
		return true;
	X509_free(certificate);
	return false;
}

/* The next one of PEM; what cannot be read is passed over. NULL: there is none. */
static X509 *next_certificate(BIO *bio)
{
	char no_phrase[] = ""; /* without one OpenSSL asks for it at the terminal */
	X509 *certificate;

	do {
		ERR_clear_error();
		certificate = PEM_read_bio_X509(bio, NULL, NULL, no_phrase);
	} while (!certificate && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE);
	return certificate;
}

/* The one of DER, or all of PEM that the bytes have, appended. False: no memory. */
static bool take_certificates(const uint8_t *bytes, size_t length, STACK_OF(X509) *certificates)
{
	CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(bytes, (int)length);
	X509 *certificate = d2i_X509(NULL, &bytes, (long)length);
	bool done = bio != NULL;

	if (certificate)
		return append(certificates, certificate);
	while (done && (certificate = next_certificate(bio)))
		done = append(certificates, certificate);
	ERR_clear_error();
	return done;
}

static int read_all(struct source *source, STACK_OF(X509) *certificates)
{
	CLEANUP(freep) uint8_t *bytes = malloc(FILE_LENGTH_MAX);
	const ssize_t length = bytes ? source_read(source, bytes, FILE_LENGTH_MAX) : -ENOMEM;

	if (length < 0)
		return source_fail(source, (int)length);
	return take_certificates(bytes, (size_t)length, certificates) ? 0 : failure_no_memory();
}

int certificate_file_read(const char *path, X509 **ret_certificate)
{
	CLEANUP(source_close) struct source source = SOURCE_INIT;
	CLEANUP(x509_stack_freep) STACK_OF(X509) *certificates = sk_X509_new_null();
	int failure = certificates ? source_open(&source, path) : failure_no_memory();

	if (failure == 0)
		failure = read_all(&source, certificates);
	if (failure != 0)
		return failure;
	*ret_certificate = sk_X509_shift(certificates);
	if (!*ret_certificate)
		return failure_say(FAILURE_FILE, _("%s contains no certificate."), source.name);
	return 0;
}

int certificate_file_read_cas(const char *path, STACK_OF(X509) *certificates)
{
	CLEANUP(x509_stack_freep) STACK_OF(X509) *found = sk_X509_new_null();
	CLEANUP(source_close) struct source source = SOURCE_INIT;
	X509 *certificate;
	struct stat there;
	int failure = found ? 0 : failure_no_memory();

	/* Opening a pipe would wait for who writes into it; links can lead nowhere. */
	if (stat(path, &there) < 0 ? errno == ENOENT || errno == ELOOP : !S_ISREG(there.st_mode))
		return failure;
	if (failure == 0)
		failure = source_open(&source, path);
	if (failure == 0)
		failure = read_all(&source, found);
	while (failure == 0 && (certificate = sk_X509_shift(found))) {
		if (X509_check_ca(certificate) <= 0)
			X509_free(certificate);
		else if (!append(certificates, certificate))
			failure = failure_no_memory();
	}
	return failure;
}
