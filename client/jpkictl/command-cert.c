/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/jpkictl/applet-call.h"
#include "client/jpkictl/certificate.h"
#include "client/jpkictl/command.h"
#include "client/jpkictl/explanation.h"
#include "client/jpkictl/json.h"
#include "client/language.h"
#include "client/output.h"

/* What the service says of the certificate, and not the certificate. */
static bool wants_description(const struct arguments *arguments)
{
	return arguments->text || arguments->json;
}

static int check_form(const struct arguments *arguments)
{
	if (arguments->pem + arguments->der + arguments->openssh + wants_description(arguments) > 1)
		return failure_say(FAILURE_USAGE,
				   _("Only one of --pem, --der, --openssh, --text and --json can "
				     "be used at a time."));
	if (arguments->issuer && arguments->openssh)
		return failure_say(FAILURE_USAGE,
				   _("--issuer and --openssh cannot be used together: nobody logs "
				     "in with the issuer's key."));
	return arguments->der ? output_refuse_terminal(arguments->output) : 0;
}

static int print_description(const struct arguments *arguments, DBusMessage *reply, FILE *stream)
{
	CLEANUP(description_clear) struct description description = DESCRIPTION_INIT;
	int r = description_read(&description, reply);

	if (r < 0)
		return r;
	if (arguments->json)
		return json_print_description(&description, stream) ? 0 : -ENOMEM;
	return explanation_print(&description, label_find(arguments->applet), arguments->issuer,
				 time(NULL), stream);
}

/* What the line in authorized_keys is for; no name of a person. */
static const char *openssh_comment(const struct arguments *arguments)
{
	return strcmp(arguments->applet, "auth") == 0 ? "jpki-auth" : "jpki-sign";
}

static int print_certificate(const struct arguments *arguments, DBusMessage *reply, FILE *stream)
{
	const uint8_t *der;
	size_t length;

	if (!applet_call_bytes(reply, &der, &length))
		return -EBADMSG;
	if (arguments->openssh)
		return certificate_print_openssh(der, length, openssh_comment(arguments), stream);
	if (!arguments->der)
		return certificate_print_pem(der, length, stream);
	fwrite(der, 1, length, stream);
	return 0;
}

static struct applet_method which_method(const struct arguments *arguments)
{
	if (wants_description(arguments))
		return (struct applet_method){
			.member = arguments->issuer ? "DescribeIssuer" : "Describe",
			.signature = "a{sv}",
		};
	return (struct applet_method){
		.member = arguments->issuer ? "GetIssuerCertificate" : "GetCertificate",
		.signature = "ay",
	};
}

static int say_failure(int r)
{
	if (r == -EOPNOTSUPP)
		return failure_say(FAILURE_NOT_POSSIBLE,
				   _("OpenSSH does not support this certificate's kind of key."));
	if (r == -ENOMEM)
		return failure_no_memory();
	return failure_say(FAILURE_OTHER, _("The service's answer cannot be read."));
}

int command_cert(const struct arguments *arguments)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	const struct applet_method method = which_method(arguments);
	int r, failure = check_form(arguments);

	if (failure == 0)
		failure = applet_call_run(arguments, &method, false, &reply, &output);
	if (failure != 0)
		return failure;

	r = wants_description(arguments) ? print_description(arguments, reply, output.stream) :
					   print_certificate(arguments, reply, output.stream);
	return r < 0 ? say_failure(r) : output_write(&output, arguments->output);
}
