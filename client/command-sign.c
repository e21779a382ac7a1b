/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jpkictl sign */
#include "base/cleanup.h"
#include "client/applet-call.h"
#include "client/command.h"
#include "client/failure.h"
#include "client/output.h"
#include "client/scheme.h"

struct request {
	const struct scheme *scheme;
	struct scheme_input input;
};

static void write_request(struct writer *writer, const void *input)
{
	const struct request *request = input;

	writer_string(writer, scheme_name(request->scheme));
	writer_bytes(writer, request->input.bytes, request->input.length);
}

/* All that can go wrong before a card and a PIN are needed. */
static int prepare(const struct arguments *arguments, struct request *ret_request)
{
	int failure = scheme_find(arguments->scheme, &ret_request->scheme);

	if (failure == 0)
		failure = output_refuse_terminal(arguments->output);
	if (failure == 0)
		failure = scheme_read(ret_request->scheme, arguments->file, &ret_request->input);
	return failure;
}

int command_sign(const struct arguments *arguments)
{
	CLEANUP(session_close) struct session session = SESSION_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	struct request request;
	const struct applet_call call = {
		.member = "Sign",
		.signature = "ay",
		.write = write_request,
		.input = &request,
	};
	DBusMessageIter iter;
	const uint8_t *signature;
	struct applet *applet;
	size_t length;
	int failure = prepare(arguments, &request);

	if (failure == 0)
		failure = session_open(&session, arguments);
	if (failure == 0)
		failure = session_choose_applet(&session, &applet);
	if (failure == 0)
		failure = applet_call(&session, applet, &call, &reply);
	if (failure != 0)
		return failure;

	dbus_message_iter_init(reply, &iter);
	reader_bytes(&iter, &signature, &length);
	if (!output_open(&output))
		return failure_no_memory();
	fwrite(signature, 1, length, output.stream);
	return output_write(&output, arguments->output);
}
