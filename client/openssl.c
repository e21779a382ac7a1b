/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/openssl.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/text.h"

enum {
	BLOCK_SIZE = 64 * 1024,
};

static void context_freep(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void bio_freep(BIO **bio)
{
	BIO_free_all(*bio);
}

static void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

/* --- digests --------------------------------------------------------------------------------- */

static int digest_all(EVP_MD_CTX *context, int fd, uint8_t *block)
{
	for (;;) {
		const ssize_t length = read(fd, block, BLOCK_SIZE);

		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return length < 0 ? -errno : 0;
		if (!EVP_DigestUpdate(context, block, (size_t)length))
			return -EOPNOTSUPP;
	}
}

int digest_descriptor(int fd, const char *algorithm, uint8_t *digest, size_t size,
		      size_t *ret_length)
{
	CLEANUP(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	CLEANUP(freep) uint8_t *block = malloc(BLOCK_SIZE);
	const EVP_MD *method = EVP_get_digestbyname(algorithm);
	unsigned int length = 0;
	int r;

	if (!context || !block)
		return -ENOMEM;
	if (!method || size < (size_t)EVP_MD_get_size(method) ||
	    !EVP_DigestInit_ex(context, method, NULL))
		return -EOPNOTSUPP;
	r = digest_all(context, fd, block);
	if (r < 0)
		return r;
	if (!EVP_DigestFinal_ex(context, digest, &length))
		return -EOPNOTSUPP;
	*ret_length = length;
	return 0;
}

/* --- certificates ---------------------------------------------------------------------------- */

int certificate_print_pem(const uint8_t *der, size_t length, FILE *stream)
{
	CLEANUP(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	const char *bytes;
	long size;

	if (!bio || length > LONG_MAX ||
	    !PEM_write_bio(bio, PEM_STRING_X509, "", der, (long)length))
		return -ENOMEM;
	size = BIO_get_mem_data(bio, &bytes);
	fwrite(bytes, 1, (size_t)size, stream);
	return 0;
}

static void print_lines(BIO *bio, FILE *stream)
{
	char line[4096];
	int length;

	while ((length = BIO_gets(bio, line, sizeof(line))) > 0) {
		const bool is_whole = line[length - 1] == '\n';

		if (is_whole)
			line[length - 1] = '\0';
		text_clean(line);
		fprintf(stream, "%s%s", line, is_whole ? "\n" : "");
	}
}

int certificate_print_text(const uint8_t *der, size_t length, FILE *stream)
{
	CLEANUP(x509_freep) X509 *x509 = NULL;
	CLEANUP(bio_freep) BIO *bio = BIO_new(BIO_s_mem());

	if (length <= LONG_MAX)
		x509 = d2i_X509(NULL, &der, (long)length);
	if (!x509)
		return -EBADMSG;
	if (!bio || !X509_print_ex(bio, x509, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB, 0))
		return -ENOMEM;
	print_lines(bio, stream);
	return 0;
}
