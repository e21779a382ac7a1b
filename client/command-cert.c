/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jpkictl cert */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/applet-call.h"
#include "client/command.h"
#include "client/description.h"
#include "client/failure.h"
#include "client/json.h"
#include "client/openssl.h"
#include "client/output.h"

/* Only the service's own words are there as JSON, and of the holder's certificate only. */
static bool wants_description(const struct arguments *arguments)
{
	return !arguments->issuer && (arguments->text || arguments->json);
}

static int check_form(const struct arguments *arguments)
{
	if (arguments->pem + arguments->der + (arguments->text || arguments->json) > 1)
		return failure_say(FAILURE_USAGE,
				   "Only one of --pem, --der and --text can be had at a time.");
	if (arguments->issuer && arguments->json)
		return failure_say(FAILURE_USAGE,
				   "The issuer's certificate is not to be had as JSON.");
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
	description_print(&description, stream);
	return 0;
}

static int print_certificate(const struct arguments *arguments, DBusMessage *reply, FILE *stream)
{
	DBusMessageIter iter;
	const uint8_t *der;
	size_t length;

	dbus_message_iter_init(reply, &iter);
	reader_bytes(&iter, &der, &length);
	if (arguments->text)
		return certificate_print_text(der, length, stream);
	if (!arguments->der)
		return certificate_print_pem(der, length, stream);
	fwrite(der, 1, length, stream);
	return 0;
}

static struct applet_call which_call(const struct arguments *arguments)
{
	struct applet_call call = {
		.member = arguments->issuer ? "GetIssuerCertificate" : "GetCertificate",
		.signature = "ay",
		/* A phone wants the PIN even for the auth certificate. */
		.works_without_pin = arguments->issuer || strcmp(arguments->applet, "auth") == 0,
	};

	if (wants_description(arguments)) {
		call.member = "Describe";
		call.signature = "a{sv}";
	}
	return call;
}

int command_cert(const struct arguments *arguments)
{
	CLEANUP(session_close) struct session session = SESSION_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	const struct applet_call call = which_call(arguments);
	struct applet *applet;
	int r, failure = check_form(arguments);

	if (failure == 0)
		failure = session_open(&session, arguments);
	if (failure == 0)
		failure = session_choose_applet(&session, &applet);
	if (failure == 0)
		failure = applet_call(&session, applet, &call, &reply);
	if (failure != 0)
		return failure;

	if (!output_open(&output))
		return failure_no_memory();
	r = wants_description(arguments) ? print_description(arguments, reply, output.stream) :
					   print_certificate(arguments, reply, output.stream);
	if (r < 0)
		return failure_say(FAILURE_OTHER, "The certificate cannot be shown: %s",
				   strerror(-r));
	return output_write(&output, arguments->output);
}
