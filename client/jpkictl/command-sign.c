/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The content is read before there is a card in play; then the certificate, which is named in what
 * is signed; then the signature.
 */
#include <string.h>

#include "base/cleanup.h"
#include "client/cms/certificate-file.h"
#include "client/cms/cms-draft.h"
#include "client/cms/envelope.h"
#include "client/failure.h"
#include "client/jpkictl/applet-call.h"
#include "client/jpkictl/command.h"
#include "client/language.h"
#include "client/output.h"
#include "client/source.h"

/* --- the calls ------ */

static void write_input(struct writer *writer, const void *data)
{
	const struct scheme_input *input = data;

	writer_string(writer, input->scheme);
	writer_bytes(writer, input->bytes, input->length);
}

/* A PIN that was right a moment ago and is wrong now: the person is asked anew. */
static int prepare_sign(struct applet_call *call, const struct refusal *last)
{
	if (last->result == 0 || !call->agent.agent)
		return 0;
	call->pin = secret_free(call->pin);
	call->expected_tries = 0;
	return 0;
}

static int fail_answer(void)
{
	return failure_say(FAILURE_OTHER, _("The service's answer cannot be read."));
}

/* *ret_signature lives as long as *ret_reply, which is the caller's to unref. */
static int call_sign(struct applet_call *call, const struct scheme_input *input,
		     DBusMessage **ret_reply, const uint8_t **ret_signature, size_t *ret_length)
{
	const struct applet_method sign = {
		.member = "Sign",
		.signature = "ay",
		.write = write_input,
		.data = input,
		.prepare = prepare_sign,
	};
	int failure = applet_call_make(call, &sign, ret_reply);

	if (failure != 0)
		return failure;
	return applet_call_bytes(*ret_reply, ret_signature, ret_length) ? 0 : fail_answer();
}

/* The sign certificate carries the holder's name; a phone gives neither without a PIN. */
static bool certificate_needs_pin(const struct applet_call *call)
{
	const struct card *card = inventory_card(&call->session.inventory, call->reader);

	return strcmp(call->applet->kind, "sign") == 0 ||
	       (card && strcmp(card->type, "mynumber-card") != 0);
}

/* The person is not sent to the pad for what needs no PIN; one that is typed here is kept. */
static int call_certificate(struct applet_call *call, X509 **ret_certificate)
{
	static const struct applet_method get = { .member = "GetCertificate", .signature = "ay" };
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	const bool is_at_pad = call->is_at_pad;
	const uint8_t *der;
	size_t length;
	int failure;

	call->is_at_pad = is_at_pad && certificate_needs_pin(call);
	failure = applet_call_make(call, &get, &reply);
	call->is_at_pad = is_at_pad;
	if (failure != 0)
		return failure;
	if (!applet_call_bytes(reply, &der, &length))
		return fail_answer();
	applet_call_keep_pin(call);
	*ret_certificate = d2i_X509(NULL, &der, (long)length);
	return *ret_certificate ? 0 : fail_answer();
}

/* --- CMS ------ */

/* A file's certificate could be another's; the service has checked the card's own. */
static int check_key(const struct arguments *arguments, X509 *certificate,
		     const struct scheme_input *input, const uint8_t *signature, size_t length)
{
	if (!arguments->certificate ||
	    scheme_verifies(input, X509_get0_pubkey(certificate), signature, length))
		return 0;
	return failure_say(FAILURE_USAGE,
			   _("The certificate in %s is not that of the card's key; nothing was "
			     "written."),
			   arguments->certificate);
}

/* Fills @draft, for the content that has @digest. @certificate NULL: the card is asked for it. */
static int sign_digest(const struct arguments *arguments, X509 *certificate,
		       const struct scheme_input *digest, struct cms_draft *draft)
{
	CLEANUP(applet_call_clear) struct applet_call call = APPLET_CALL_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	CLEANUP(X509_freep) X509 *read = NULL;
	struct scheme_input input;
	const uint8_t *signature;
	size_t length;
	int failure = applet_call_open(&call, arguments);

	if (failure == 0)
		failure = applet_call_find_pin(&call, true);
	if (failure == 0 && !certificate)
		failure = call_certificate(&call, &read);
	if (failure == 0)
		failure = cms_draft_begin(draft, certificate ? certificate : read, digest->bytes,
					  digest->length, time(NULL));
	if (failure == 0)
		failure = cms_draft_input(draft, &input);
	if (failure == 0)
		failure = call_sign(&call, &input, &reply, &signature, &length);
	if (failure == 0 && certificate)
		failure = check_key(arguments, certificate, &input, signature, length);
	return failure != 0 ? failure : cms_draft_finish(draft, signature, length);
}

static int sign_attached(const struct arguments *arguments, X509 *certificate)
{
	CLEANUP(envelope_clear) struct envelope envelope = ENVELOPE_INIT;
	CLEANUP(cms_draft_clear) struct cms_draft draft = CMS_DRAFT_INIT;
	struct scheme_input digest;
	int failure = envelope_open(&envelope, arguments->output, arguments->pem);

	if (failure == 0)
		failure = envelope_fill(&envelope, arguments->file, &digest);
	if (failure == 0)
		failure = sign_digest(arguments, certificate, &digest, &draft);
	return failure != 0 ? failure : envelope_close(&envelope, &draft);
}

static int sign_detached(const struct arguments *arguments, X509 *certificate)
{
	CLEANUP(cms_draft_clear) struct cms_draft draft = CMS_DRAFT_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	struct scheme_input digest;
	int failure = output_check(arguments->output);

	if (failure == 0)
		failure = scheme_read(NULL, arguments->file, &digest);
	if (failure == 0)
		failure = sign_digest(arguments, certificate, &digest, &draft);
	if (failure == 0)
		failure = output_open(&output);
	if (failure == 0)
		failure = cms_draft_print(&draft, arguments->pem, output.stream);
	return failure != 0 ? failure : output_write(&output, arguments->output);
}

static int sign_cms(const struct arguments *arguments)
{
	CLEANUP(X509_freep) X509 *certificate = NULL;
	int failure = 0;

	if (arguments->certificate)
		failure = certificate_file_read(arguments->certificate, &certificate);
	if (failure != 0)
		return failure;
	return arguments->attached ? sign_attached(arguments, certificate) :
				     sign_detached(arguments, certificate);
}

/* --- the signature by itself ------ */

static int sign_raw(const struct arguments *arguments)
{
	CLEANUP(applet_call_clear) struct applet_call call = APPLET_CALL_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	struct scheme_input input;
	const uint8_t *signature;
	size_t length;
	int failure = output_check(arguments->output);

	if (failure == 0)
		failure = scheme_read(arguments->scheme, arguments->file, &input);
	if (failure == 0)
		failure = applet_call_open(&call, arguments);
	if (failure == 0)
		failure = applet_call_find_pin(&call, true);
	if (failure == 0)
		failure = call_sign(&call, &input, &reply, &signature, &length);
	if (failure == 0)
		failure = output_open(&output);
	if (failure != 0)
		return failure;
	fwrite(signature, 1, length, output.stream);
	return output_write(&output, arguments->output);
}

static int check_options(const struct arguments *arguments)
{
	const char *const files[] = { arguments->file, arguments->certificate };
	int failure = source_check(files, LENGTH_OF(files), arguments->output);

	if (failure != 0)
		return failure;
	if (arguments->raw && (arguments->attached || arguments->pem || arguments->certificate))
		return failure_say(FAILURE_USAGE,
				   _("--raw cannot be used with --attached, --pem or "
				     "--certificate: it writes the bare signature."));
	if (arguments->scheme && !arguments->raw)
		return failure_say(FAILURE_USAGE,
				   _("--scheme needs --raw: a CMS signature is always made with "
				     "rsa-pkcs1-sha256."));
	return arguments->pem ? 0 : output_refuse_terminal(arguments->output);
}

int command_sign(const struct arguments *arguments)
{
	int failure = check_options(arguments);

	if (failure != 0)
		return failure;
	return arguments->raw ? sign_raw(arguments) : sign_cms(arguments);
}
