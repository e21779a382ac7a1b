/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/command.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/applet-call.h"
#include "client/certificate.h"
#include "client/failure.h"
#include "client/json.h"
#include "client/new-pin.h"
#include "client/output.h"
#include "client/scheme.h"
#include "client/session.h"
#include "client/text.h"

/* --- the lines that show a card's two applets ------------------------------------------------ */

#define INDENT "        "

/* Asks the card for both. False: *ret_refusal says why, and the rest stay as they are. */
static bool ask_tries(struct session *session, const struct card *card, struct refusal *ret_refusal)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		struct applet *applet = inventory_applet(&session->inventory, card, labels[i].kind);

		if (applet && !applet_ask_tries(applet, session->service, ret_refusal))
			return false;
	}
	return true;
}

static void forget_tries(struct session *session, const struct card *card)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		struct applet *applet = inventory_applet(&session->inventory, card, labels[i].kind);

		if (applet)
			applet->tries_left = -1; /* as TriesLeft has it */
	}
}

/* What can be done about a locked PIN. */
static void print_advice(struct session *session, const struct card *card,
			 const struct applet *applet, const struct label *label, FILE *stream)
{
	const struct applet *other = inventory_applet(&session->inventory, card, label->other);

	if (applet->can_reset_pin)
		fprintf(stream,
			INDENT "Set a new one with the card's reset code: jpkictl pin reset %s\n",
			label->kind);
	else if (strcmp(card->type, "android-phone") == 0 || strcmp(card->type, "iphone") == 0)
		fprintf(stream, INDENT "Have it reset in the phone's マイナポータル app, "
				       "with the My Number Card.\n");
	else if (other && other->tries_left == 0)
		fprintf(stream, INDENT "Have it reset at the municipal window.\n");
	else
		fprintf(stream,
			INDENT "Have it reset at the municipal window; or with the app\n"
			INDENT "「JPKI暗証番号リセット」 and within 24 hours at a terminal in a\n"
			INDENT "%s, where the %s PIN is needed.\n",
			label->store, label->other);
}

static void print_applet(const struct applet *applet, const struct label *label, FILE *stream)
{
	const char *certificate = applet->has_certificate ? "certificate" : "no certificate";
	char tries[TEXT_TRIES_SIZE];

	fprintf(stream, "  %-6s%-16s%-20s(%s)\n", label->kind, certificate,
		text_tries(applet->tries_left, applet->tries_max, tries), label->name);
}

static void print_applets(struct session *session, const struct card *card, FILE *stream)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		const struct label *label = &labels[i];
		const struct applet *applet = inventory_applet(&session->inventory, card,
							       label->kind);

		if (!applet)
			continue;
		print_applet(applet, label, stream);
		if (applet->tries_left == 0)
			print_advice(session, card, applet, label, stream);
		else if (applet->tries_left == 1)
			fputs(INDENT "A wrong PIN now would lock it.\n", stream);
	}
}

/* --- status ---------------------------------------------------------------------------------- */

static const char *reader_words(const struct reader *reader, const struct card *card)
{
	static const struct word states[] = {
		{ "empty", "no card" },
		{ "card", "a card without JPKI" },
		{ "mute", "a card that does not answer" },
		{ "busy", "held by another program" },
		{ "unavailable", "not working" },
		{ 0 },
	};
	static const struct word types[] = {
		{ "mynumber-card", "My Number Card" },
		{ "android-phone", "Android phone" },
		{ "iphone", "iPhone" },
		{ "juki-card", "住基カード, no longer usable" },
		{ "unknown", "a JPKI card of a kind that jpkid does not know" },
		{ 0 },
	};

	return card ? text_word(types, card->type) : text_word(states, reader->state);
}

static void print_reader(struct session *session, const struct reader *reader, FILE *stream)
{
	const struct card *card = inventory_card(&session->inventory, reader);

	fprintf(stream, "%s: %s\n", reader->name, reader_words(reader, card));
	if (card && card_is_usable(card))
		print_applets(session, card, stream);
}

int command_status(const struct arguments *arguments)
{
	CLEANUP(session_close) struct session session = SESSION_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	const struct inventory *inventory = &session.inventory;
	int failed = 0, failure = session_open(&session, arguments);

	if (failure == 0)
		failure = output_open(&output);
	if (failure != 0)
		return failure;

	for (size_t i = 0; i < inventory->reader_count; i++) {
		const struct reader *reader = &inventory->readers[i];
		const struct card *card = inventory_card(inventory, reader);
		struct refusal refusal;

		if (!session_means_reader(&session, reader))
			continue;
		/* Who may not ask is shown what is known; of a card that fails it is said. */
		if (card && card_is_usable(card) && !ask_tries(&session, card, &refusal) &&
		    failure_of(refusal.result) != FAILURE_NOT_AUTHORIZED) {
			forget_tries(&session, card);
			failed = refusal_say(&refusal);
		}
		if (!arguments->json)
			print_reader(&session, reader, output.stream);
	}
	if (arguments->json && !json_print_status(&session, output.stream))
		return failure_no_memory();
	failure = output_write(&output, NULL);
	if (failure != 0 || failed != 0)
		return failure != 0 ? failure : failed;
	return session_expect_card(&session);
}

/* --- commands that call an applet ------------------------------------------------------------ */

static int call_applet(const struct arguments *arguments, const struct applet_method *method,
		       bool takes_pad, DBusMessage **ret_reply, struct output *output)
{
	CLEANUP(applet_call_clear) struct applet_call call = APPLET_CALL_INIT;
	int failure = applet_call_open(&call, arguments);

	if (failure == 0 && !arguments->issuer)
		failure = applet_call_find_pin(&call, takes_pad);
	if (failure == 0)
		failure = applet_call_make(&call, method, ret_reply);
	return failure != 0 ? failure : output_open(output);
}

/* False: nothing is in it, which the service never answers. */
static bool reply_bytes(DBusMessage *reply, const uint8_t **ret_bytes, size_t *ret_length)
{
	DBusMessageIter iter;

	dbus_message_iter_init(reply, &iter);
	reader_bytes(&iter, ret_bytes, ret_length);
	return *ret_length > 0;
}

/* --- cert ------------------------------------------------------------------------------------ */

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
	const uint8_t *der;
	size_t length;

	if (!reply_bytes(reply, &der, &length))
		return -EBADMSG;
	if (arguments->text)
		return certificate_print_text(der, length, stream);
	if (!arguments->der)
		return certificate_print_pem(der, length, stream);
	fwrite(der, 1, length, stream);
	return 0;
}

static struct applet_method which_method(const struct arguments *arguments)
{
	if (wants_description(arguments))
		return (struct applet_method){ .member = "Describe", .signature = "a{sv}" };
	return (struct applet_method){
		.member = arguments->issuer ? "GetIssuerCertificate" : "GetCertificate",
		.signature = "ay",
	};
}

int command_cert(const struct arguments *arguments)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	const struct applet_method method = which_method(arguments);
	int r, failure = check_form(arguments);

	if (failure == 0)
		failure = call_applet(arguments, &method, false, &reply, &output);
	if (failure != 0)
		return failure;

	r = wants_description(arguments) ? print_description(arguments, reply, output.stream) :
					   print_certificate(arguments, reply, output.stream);
	if (r < 0)
		return failure_say(FAILURE_OTHER, "The certificate cannot be shown: %s",
				   strerror(-r));
	return output_write(&output, arguments->output);
}

/* --- sign ------------------------------------------------------------------------------------ */

static void write_input(struct writer *writer, const void *data)
{
	const struct scheme_input *input = data;

	writer_string(writer, input->scheme);
	writer_bytes(writer, input->bytes, input->length);
}

int command_sign(const struct arguments *arguments)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	struct scheme_input input;
	const struct applet_method method = {
		.member = "Sign",
		.signature = "ay",
		.write = write_input,
		.data = &input,
	};
	const uint8_t *signature;
	size_t length;
	int failure = output_refuse_terminal(arguments->output);

	/* All that can go wrong before a card and a PIN are needed. */
	if (failure == 0)
		failure = scheme_read(arguments->scheme, arguments->file, &input);
	if (failure == 0)
		failure = call_applet(arguments, &method, true, &reply, &output);
	if (failure != 0)
		return failure;

	if (!reply_bytes(reply, &signature, &length))
		return failure_say(FAILURE_OTHER, "The service's answer has no signature.");
	fwrite(signature, 1, length, output.stream);
	return output_write(&output, arguments->output);
}

/* --- pin ------------------------------------------------------------------------------------- */

int command_pin_status(const struct arguments *arguments)
{
	CLEANUP(session_close) struct session session = SESSION_INIT;
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	const struct card *card;
	struct refusal refusal;
	int failure = session_open(&session, arguments);

	if (failure == 0)
		failure = session_choose_card(&session, &card);
	/* Unlike status, this is about nothing else: that the card does not tell is a failure. */
	if (failure == 0 && !ask_tries(&session, card, &refusal))
		failure = refusal_say(&refusal);
	if (failure == 0)
		failure = output_open(&output);
	if (failure != 0)
		return failure;

	if (!arguments->json)
		print_applets(&session, card, output.stream);
	else if (!json_print_pins(&session, card, output.stream))
		return failure_no_memory();
	return output_write(&output, NULL);
}

int command_pin_verify(const struct arguments *arguments)
{
	static const struct applet_method verify = { .member = "VerifyPin", .signature = "" };
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;
	int failure = call_applet(arguments, &verify, true, &reply, &output);

	if (failure != 0)
		return failure;
	fprintf(output.stream, "The %s PIN is right.\n", arguments->applet);
	return output_write(&output, NULL);
}

static int set_pin(const struct arguments *arguments,
		   int (*set)(const struct arguments *arguments))
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	int failure = set(arguments);

	if (failure == 0)
		failure = output_open(&output);
	if (failure != 0)
		return failure;
	fprintf(output.stream, "The new %s PIN holds.\n", arguments->applet);
	return output_write(&output, NULL);
}

int command_pin_change(const struct arguments *arguments)
{
	return set_pin(arguments, new_pin_change);
}

int command_pin_reset(const struct arguments *arguments)
{
	return set_pin(arguments, new_pin_reset);
}
