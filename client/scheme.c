/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/scheme.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/openssl.h"

enum {
	BLOCK_SIZE = 64 * 1024,
};

static const struct scheme {
	const char *name;
	const EVP_MD *(*digest)(void); /* NULL: the file's bytes themselves */
	const char *help;
} schemes[] = {
	{ "rsa-pkcs1-sha256", EVP_sha256, "PKCS #1 v1.5 with SHA-256 (the default)" },
	{ "rsa-pkcs1-sha384", EVP_sha384, "PKCS #1 v1.5 with SHA-384" },
	{ "rsa-pkcs1-sha512", EVP_sha512, "PKCS #1 v1.5 with SHA-512" },
	{ "rsa-pkcs1-sha1", EVP_sha1, "PKCS #1 v1.5 with SHA-1, for what is old" },
	{ "rsa-pss-sha256", EVP_sha256, "PSS with SHA-256" },
	{ "rsa-pkcs1", NULL, "PKCS #1 v1.5 of the 1 to 245 bytes of FILE themselves" },
};

/* @name NULL: the default. NULL: there is none of this name. */
static const struct scheme *scheme_find(const char *name)
{
	for (size_t i = 0; i < LENGTH_OF(schemes); i++)
		if (!name || strcmp(schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

void scheme_list(FILE *stream)
{
	for (size_t i = 0; i < LENGTH_OF(schemes); i++)
		fprintf(stream, "  %-21s %s\n", schemes[i].name, schemes[i].help);
}

/* Up to @length bytes, fewer at the end only; or a negative errno. */
static ssize_t read_up_to(int fd, uint8_t *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		const ssize_t n = read(fd, bytes + done, length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static void context_freep(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* In constant memory. 0 or a negative errno: of read(2), or -EOPNOTSUPP (OpenSSL refuses). */
static int read_digest(int fd, const EVP_MD *digest, struct scheme_input *ret_input)
{
	CLEANUP(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	CLEANUP(freep) uint8_t *block = malloc(BLOCK_SIZE);
	unsigned int digest_length;
	ssize_t length;

	static_assert(sizeof(ret_input->bytes) >= EVP_MAX_MD_SIZE);
	if (!context || !block)
		return -ENOMEM;
	if (!EVP_DigestInit_ex(context, digest, NULL))
		return -EOPNOTSUPP;
	do {
		length = read_up_to(fd, block, BLOCK_SIZE);
		if (length < 0)
			return (int)length;
		if (!EVP_DigestUpdate(context, block, (size_t)length))
			return -EOPNOTSUPP;
	} while (length == BLOCK_SIZE);
	if (!EVP_DigestFinal_ex(context, ret_input->bytes, &digest_length))
		return -EOPNOTSUPP;
	ret_input->length = digest_length;
	return 0;
}

/* 0 or a negative errno: of read(2), or -ERANGE (none, or too many). */
static int read_bytes(int fd, struct scheme_input *ret_input)
{
	uint8_t bytes[SCHEME_INPUT_MAX + 1];
	const ssize_t length = read_up_to(fd, bytes, sizeof(bytes));

	if (length < 0)
		return (int)length;
	if (length == 0 || length > SCHEME_INPUT_MAX)
		return -ERANGE;
	memcpy(ret_input->bytes, bytes, (size_t)length);
	ret_input->length = (size_t)length;
	return 0;
}

int scheme_read(const char *name, const char *file, struct scheme_input *ret_input)
{
	const struct scheme *scheme = scheme_find(name);
	const bool is_standard_input = strcmp(file, "-") == 0;
	const char *source = is_standard_input ? "Standard input" : file;
	CLEANUP(closep) int opened = -1;
	int fd = STDIN_FILENO, r;

	if (!scheme)
		return failure_say(FAILURE_USAGE, "There is no scheme '%s'; see: jpkictl --help",
				   name);
	if (!is_standard_input)
		fd = opened = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		r = -errno;
	else if (scheme->digest)
		r = read_digest(fd, scheme->digest(), ret_input);
	else
		r = read_bytes(fd, ret_input);

	if (r == -ERANGE)
		return failure_say(
			FAILURE_USAGE,
			"%s must have 1 to %d bytes for this scheme; the others take any file.",
			source, SCHEME_INPUT_MAX);
	if (r < 0)
		return failure_say(FAILURE_FILE, "%s cannot be read: %s", source, strerror(-r));
	ret_input->scheme = scheme->name;
	return 0;
}
