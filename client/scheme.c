/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/scheme.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/openssl.h"

static const struct scheme {
	const char *name;
	const char *digest; /* OpenSSL's name; NULL: the file's bytes themselves */
	const char *help;
} schemes[] = {
	{ "rsa-pkcs1-sha256", "SHA256", "PKCS #1 v1.5 with SHA-256 (the default)" },
	{ "rsa-pkcs1-sha384", "SHA384", "PKCS #1 v1.5 with SHA-384" },
	{ "rsa-pkcs1-sha512", "SHA512", "PKCS #1 v1.5 with SHA-512" },
	{ "rsa-pkcs1-sha1", "SHA1", "PKCS #1 v1.5 with SHA-1, for what is old" },
	{ "rsa-pss-sha256", "SHA256", "PSS with SHA-256" },
	{ "rsa-pkcs1", NULL, "PKCS #1 v1.5 of the 1 to 245 bytes of FILE themselves" },
};

int scheme_find(const char *name, const struct scheme **ret_scheme)
{
	for (size_t i = 0; i < LENGTH_OF(schemes); i++) {
		if (name && strcmp(schemes[i].name, name) != 0)
			continue;
		*ret_scheme = &schemes[i];
		return 0;
	}
	return failure_say(FAILURE_USAGE, "There is no scheme '%s'; see: jpkictl --help", name);
}

const char *scheme_name(const struct scheme *scheme)
{
	return scheme->name;
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

static int read_bytes(int fd, const char *name, struct scheme_input *ret_input)
{
	uint8_t over;
	ssize_t length = read_up_to(fd, ret_input->bytes, SCHEME_INPUT_MAX);
	ssize_t more = length == SCHEME_INPUT_MAX ? read_up_to(fd, &over, sizeof(over)) : 0;

	if (length < 0 || more < 0)
		return failure_say(FAILURE_FILE, "%s cannot be read: %s", name,
				   strerror((int)-(length < 0 ? length : more)));
	if (length == 0 || more > 0)
		return failure_say(
			FAILURE_USAGE,
			"%s must have 1 to %d bytes for this scheme; the others take any file.",
			name, SCHEME_INPUT_MAX);
	ret_input->length = (size_t)length;
	return 0;
}

int scheme_read(const struct scheme *scheme, const char *file, struct scheme_input *ret_input)
{
	const bool is_standard_input = strcmp(file, "-") == 0;
	const char *name = is_standard_input ? "Standard input" : file;
	CLEANUP(closep) int opened = -1;
	int fd = STDIN_FILENO, r;

	if (!is_standard_input)
		fd = opened = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return failure_say(FAILURE_FILE, "%s cannot be read: %s", name, strerror(errno));
	if (!scheme->digest)
		return read_bytes(fd, name, ret_input);

	r = digest_descriptor(fd, scheme->digest, ret_input->bytes, sizeof(ret_input->bytes),
			      &ret_input->length);
	if (r < 0)
		return failure_say(FAILURE_FILE, "%s cannot be read: %s", name, strerror(-r));
	return 0;
}
