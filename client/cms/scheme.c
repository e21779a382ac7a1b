/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/scheme.h"

#include <assert.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/language.h"
#include "client/source.h"

static const struct scheme {
	const char *name;
	const EVP_MD *(*digest)(void); /* NULL: the file's bytes themselves */
	int padding;
	const char *help;
} schemes[] = {
	{ "rsa-pkcs1-sha256", EVP_sha256, RSA_PKCS1_PADDING,
	  N_("PKCS #1 v1.5 with SHA-256 (the default)") },
	{ "rsa-pkcs1-sha384", EVP_sha384, RSA_PKCS1_PADDING,
	  N_("PKCS #1 v1.5 with SHA-384") },
	{ "rsa-pkcs1-sha512", EVP_sha512, RSA_PKCS1_PADDING,
	  N_("PKCS #1 v1.5 with SHA-512") },
	{ "rsa-pkcs1-sha1", EVP_sha1, RSA_PKCS1_PADDING,
	  N_("PKCS #1 v1.5 with SHA-1 (only for old systems)") },
	{ "rsa-pss-sha256", EVP_sha256, RSA_PKCS1_PSS_PADDING,
	  N_("PSS with SHA-256") },
	{ "rsa-pkcs1", NULL, RSA_PKCS1_PADDING,
	  N_("PKCS #1 v1.5 over the bytes of FILE themselves (1 to 245)") },
};

/* @name NULL: the default. NULL: there is none of this name. */
static const struct scheme *scheme_find(const char *name)
{
	for (size_t i = 0; i < LENGTH_OF(schemes); i++)
		if (!name || strcmp(schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

const char *scheme_name(size_t index)
{
	return index < LENGTH_OF(schemes) ? schemes[index].name : NULL;
}

const char *scheme_help(size_t index)
{
	return _(schemes[index].help);
}

static int fail_digest(void)
{
	return failure_say(FAILURE_OTHER,
			   _("OpenSSL on this computer refuses this hash function."));
}

static int digest_update(const uint8_t *bytes, size_t length, void *context)
{
	return EVP_DigestUpdate(context, bytes, length) ? 0 : fail_digest();
}

static int read_digest(struct source *source, const EVP_MD *digest, struct scheme_input *ret_input)
{
	CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned int digest_length;
	int failure;

	static_assert(sizeof(ret_input->bytes) >= EVP_MAX_MD_SIZE);
	if (!context)
		return failure_no_memory();
	if (!EVP_DigestInit_ex(context, digest, NULL))
		return fail_digest();
	failure = source_feed(source, digest_update, context);
	if (failure != 0)
		return failure;
	if (!EVP_DigestFinal_ex(context, ret_input->bytes, &digest_length))
		return fail_digest();
	ret_input->length = digest_length;
	return 0;
}

static int read_bytes(struct source *source, struct scheme_input *ret_input)
{
	uint8_t bytes[SCHEME_INPUT_MAX + 1];
	const ssize_t length = source_read(source, bytes, sizeof(bytes));

	if (length < 0)
		return source_fail(source, (int)length);
	if (length == 0 || length > SCHEME_INPUT_MAX)
		return failure_say(
			FAILURE_USAGE,
			_("%s must have 1 to %d bytes for this scheme; the other schemes take "
			  "files of any size."),
			source->name, SCHEME_INPUT_MAX);
	memcpy(ret_input->bytes, bytes, (size_t)length);
	ret_input->length = (size_t)length;
	return 0;
}

int scheme_read(const char *name, const char *file, struct scheme_input *ret_input)
{
	CLEANUP(source_close) struct source source = SOURCE_INIT;
	const struct scheme *scheme = scheme_find(name);
	int failure;

	if (!scheme)
		return failure_say(FAILURE_USAGE,
				   _("There is no scheme '%s'; see: jpkictl sign --help"), name);
	failure = source_open(&source, file);
	if (failure == 0)
		failure = scheme->digest ? read_digest(&source, scheme->digest(), ret_input) :
					   read_bytes(&source, ret_input);
	ret_input->scheme = scheme->name;
	return failure;
}

bool scheme_verifies(const struct scheme_input *input, EVP_PKEY *key, const uint8_t *signature,
		     size_t length)
{
	const struct scheme *scheme = scheme_find(input->scheme);
	CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);

	return scheme && context && EVP_PKEY_verify_init(context) > 0 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, scheme->padding) > 0 &&
	       (!scheme->digest ||
		EVP_PKEY_CTX_set_signature_md(context, scheme->digest()) > 0) &&
	       (scheme->padding != RSA_PKCS1_PSS_PADDING ||
		EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0) &&
	       EVP_PKEY_verify(context, signature, length, input->bytes, input->length) == 1;
}

bool scheme_is_weak(const struct scheme_input *input)
{
	const struct scheme *scheme = scheme_find(input->scheme);

	return scheme && scheme->digest == EVP_sha1;
}
