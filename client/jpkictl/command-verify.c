/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signature and content are read and checked before there is a card in play. */
#include <string.h>

#include "base/cleanup.h"
#include "client/cms/certificate-file.h"
#include "client/cms/cms-file.h"
#include "client/cms/content.h"
#include "client/cms/scheme.h"
#include "client/cms/verification.h"
#include "client/failure.h"
#include "client/jpkictl/command.h"
#include "client/jpkictl/issuers.h"
#include "client/jpkictl/json.h"
#include "client/language.h"
#include "client/output.h"

enum {
	RAW_LENGTH_MAX = 2048, /* that of a key of 16384 bits */
};

static int load_anchors(const struct arguments *arguments, struct anchors *anchors)
{
	CLEANUP(x509_stack_freep) STACK_OF(X509) *found = NULL;
	int failure;

	if (arguments->ca_dir)
		return anchors_trust_directory(anchors, arguments->ca_dir);
	found = sk_X509_new_null();
	if (!found)
		return failure_no_memory();
	failure = issuers_read(arguments, found);
	return failure != 0 ? failure : anchors_trust(anchors, found);
}

static int print(const struct arguments *arguments, const struct verification *verification)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	int failure = output_open(&output);

	if (failure != 0)
		return failure;
	if (!arguments->json)
		verification_print(verification, output.stream);
	else if (!json_print_verification(verification, output.stream))
		return failure_no_memory();
	/* Standard output has the content then. */
	if (arguments->has_output && !arguments->output)
		return output_tell(&output);
	return output_write(&output, NULL);
}

/* --- CMS ------ */

/* Signature and content; *ret_cms is the caller's to free. */
static int check_content(const struct arguments *arguments, X509 *certificate,
			 struct content *content, bool *ret_has_content, CMS_ContentInfo **ret_cms)
{
	const struct cms_taker taker = { content_begin, content_take, content };
	CLEANUP(source_close) struct source source = SOURCE_INIT;
	const char *name = strcmp(arguments->signature, "-") == 0 ? _("Standard input") :
								     arguments->signature;
	int failure = cms_file_read(arguments->signature, &taker, ret_has_content, ret_cms);

	if (failure != 0)
		return failure;
	if (*ret_has_content && arguments->file)
		return failure_say(FAILURE_USAGE,
				   _("%s contains the signed content itself; give no second file."),
				   name);
	if (!*ret_has_content && !arguments->file)
		return failure_say(FAILURE_USAGE,
				   _("%s does not contain the signed content; give the signed "
				     "file, too."),
				   name);
	if (!*ret_has_content) {
		failure = source_open(&source, arguments->file);
		if (failure == 0)
			failure = source_feed(&source, content_take, content);
	}
	return failure != 0 ? failure :
			      verification_check(*ret_cms, content, certificate, name);
}

static int verify_cms(const struct arguments *arguments, X509 *certificate)
{
	CLEANUP(content_clear) struct content content = CONTENT_INIT;
	CLEANUP(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
	CLEANUP(anchors_clear) struct anchors anchors = ANCHORS_INIT;
	CLEANUP(verification_clear) struct verification verification = { .anchors = &anchors };
	bool has_content = false;
	int failure;

	content.is_copied = arguments->has_output;
	content.output = arguments->output;
	failure = check_content(arguments, certificate, &content, &has_content, &cms);
	verification.form = has_content ? "attached" : "detached";
	if (failure == 0)
		failure = load_anchors(arguments, &anchors);
	if (failure == 0)
		failure = verification_trust(&verification, cms);
	if (failure == 0)
		failure = content_commit(&content);
	return failure != 0 ? failure : print(arguments, &verification);
}

/* --- the signature by itself ------ */

static int check_raw(const struct arguments *arguments, X509 *certificate)
{
	CLEANUP(source_close) struct source source = SOURCE_INIT;
	uint8_t signature[RAW_LENGTH_MAX];
	struct scheme_input input;
	ssize_t length = 0;
	int failure = source_open(&source, arguments->signature);

	if (failure == 0)
		length = source_read(&source, signature, sizeof(signature));
	if (length < 0)
		failure = source_fail(&source, (int)length);
	if (failure == 0)
		failure = scheme_read(arguments->scheme, arguments->file, &input);
	if (failure != 0)
		return failure;
	if (scheme_is_weak(&input))
		return failure_say(FAILURE_SIGNATURE,
				   _("The signature in %s is made with %s, which is too weak to "
				     "prove anything, or little known; SHA-256, SHA-384 and "
				     "SHA-512 are accepted."),
				   source.name, "SHA-1");
	if (!scheme_verifies(&input, X509_get0_pubkey(certificate), signature, (size_t)length))
		return failure_say(FAILURE_SIGNATURE,
				   _("%s is not a signature of %s with that certificate's key and "
				     "the scheme %s."),
				   source.name, arguments->file, input.scheme);
	return 0;
}

static int verify_raw(const struct arguments *arguments, X509 *certificate)
{
	CLEANUP(anchors_clear) struct anchors anchors = ANCHORS_INIT;
	CLEANUP(verification_clear)
	struct verification verification = { .anchors = &anchors, .form = "raw" };
	int failure = check_raw(arguments, certificate);

	if (failure == 0)
		failure = load_anchors(arguments, &anchors);
	if (failure == 0)
		failure = verification_trust_certificate(&verification, certificate);
	return failure != 0 ? failure : print(arguments, &verification);
}

static int check_options(const struct arguments *arguments)
{
	const char *const files[] = { arguments->signature, arguments->file,
				      arguments->certificate };

	if (arguments->raw &&
	    (!arguments->file || !arguments->certificate || arguments->has_output))
		return failure_say(FAILURE_USAGE,
				   _("--raw needs the signed file and --certificate, and cannot be "
				     "used with -o."));
	if (arguments->scheme && !arguments->raw)
		return failure_say(FAILURE_USAGE,
				   _("--scheme needs --raw: a CMS signature itself says which "
				     "scheme it was made with."));
	if (arguments->file && arguments->has_output)
		return failure_say(FAILURE_USAGE,
				   _("-o writes the content that is in the signature; it cannot be "
				     "used where the signed file is given."));
	return source_check(files, LENGTH_OF(files), arguments->output);
}

int command_verify(const struct arguments *arguments)
{
	CLEANUP(X509_freep) X509 *certificate = NULL;
	int failure = check_options(arguments);

	if (failure == 0 && arguments->certificate)
		failure = certificate_file_read(arguments->certificate, &certificate);
	if (failure != 0)
		return failure;
	return arguments->raw ? verify_raw(arguments, certificate) :
				verify_cms(arguments, certificate);
}
