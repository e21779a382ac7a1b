/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/issuers.h"

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/jpkictl/applet-call.h"
#include "client/language.h"

static int read_applet(const struct arguments *arguments, const char *kind, STACK_OF(X509) *found)
{
	static const struct applet_method get = { .member = "GetIssuerCertificate",
						  .signature = "ay" };
	CLEANUP(applet_call_clear) struct applet_call call = APPLET_CALL_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	struct arguments own = *arguments;
	X509 *certificate = NULL;
	const uint8_t *der;
	size_t length;
	int failure;

	own.applet = kind;
	failure = applet_call_open(&call, &own);
	if (failure != 0 || !call.applet->has_certificate)
		return failure;
	failure = applet_call_make(&call, &get, &reply);
	if (failure != 0)
		return failure;
	if (applet_call_bytes(reply, &der, &length))
		certificate = d2i_X509(NULL, &der, (long)length);
	if (certificate && sk_X509_push(found, certificate) > 0)
		return 0;
	X509_free(certificate);
	return failure_say(FAILURE_OTHER, _("The service's answer cannot be read."));
}

int issuers_read(const struct arguments *arguments, STACK_OF(X509) *found)
{
	int failure = 0;

	for (size_t i = 0; failure == 0 && i < LABEL_COUNT; i++)
		failure = read_applet(arguments, labels[i].kind, found);
	return failure;
}
