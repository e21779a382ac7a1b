/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands and options of jpkictl, in the order in which --help shows them. */
#include "client/jpkictl/command-line.h"

#include "base/cleanup.h"
#include "client/language.h"

enum option_number {
	PEM,
	DER,
	OPENSSH,
	TEXT,
	ISSUER,
	ATTACHED,
	RAW,
	SCHEME,
	CERTIFICATE,
	CA_DIR,
	OUTPUT,
	JSON,
	READER,
	CARD,
	PIN_FD,
	NEW_PIN_FD,
	RESET_CODE_FD,
	PIN_PAD,
	ALLOW_LAST_TRY,
	HELP,
	VERSION,
};

#define BIT(option) (UINT32_C(1) << (option))
#define CARD_OPTIONS (BIT(READER) | BIT(CARD))
#define PIN_OPTIONS (CARD_OPTIONS | BIT(PIN_FD) | BIT(PIN_PAD) | BIT(ALLOW_LAST_TRY))

#define AT(member) offsetof(struct arguments, member)
#define APPLET { "auth|sign", WORD_APPLET, false, AT(applet) }

const struct command commands[] = {
	{ "status", { { 0 } }, BIT(JSON) | BIT(READER),
	  N_("Show readers, cards, certificates and how many PIN tries are left"), command_status },
	{ "diagnose", { { 0 } }, BIT(JSON) | BIT(READER),
	  N_("Find problems between this computer and the card, and how to solve them"),
	  command_diagnose },
	{ "monitor", { { 0 } }, BIT(JSON) | BIT(READER),
	  N_("Show readers, cards and PIN tries as they change, until Ctrl-C"), command_monitor },
	{ "cert", { APPLET },
	  BIT(PEM) | BIT(DER) | BIT(OPENSSH) | BIT(TEXT) | BIT(ISSUER) | BIT(OUTPUT) | BIT(JSON) |
		  PIN_OPTIONS,
	  N_("Show the certificate, or write it to a file"), command_cert },
	{ "sign", { APPLET, { "FILE", WORD_FILE, false, AT(file) } },
	  BIT(PEM) | BIT(ATTACHED) | BIT(RAW) | BIT(SCHEME) | BIT(CERTIFICATE) | BIT(OUTPUT) |
		  PIN_OPTIONS,
	  N_("Sign FILE, or standard input if it is '-' (CMS, CAdES-BES)"), command_sign },
	{ "verify",
	  { { "SIGNATURE", WORD_FILE, false, AT(signature) },
	    { "FILE", WORD_FILE, true, AT(file) } },
	  BIT(RAW) | BIT(SCHEME) | BIT(CERTIFICATE) | BIT(CA_DIR) | BIT(OUTPUT) | BIT(JSON) |
		  CARD_OPTIONS,
	  N_("Check whether a signature is good, and whose it is"), command_verify },
	{ "pin status", { { 0 } }, BIT(JSON) | CARD_OPTIONS,
	  N_("Show how many PIN tries are left; asking the card costs none"), command_pin_status },
	{ "pin verify", { APPLET }, PIN_OPTIONS, N_("Check whether the PIN is right; a wrong one "
						    "costs a try"),
	  command_pin_verify },
	{ "pin change", { APPLET }, BIT(NEW_PIN_FD) | PIN_OPTIONS, N_("Change the PIN"),
	  command_pin_change },
	{ "pin reset", { APPLET },
	  CARD_OPTIONS | BIT(NEW_PIN_FD) | BIT(RESET_CODE_FD) | BIT(ALLOW_LAST_TRY),
	  N_("Set a new PIN with the card's reset code, if it has one"), command_pin_reset },
};
const size_t command_count = LENGTH_OF(commands);

const struct option_row options[] = {
	[PEM] = { "pem", N_("Output PEM (cert: the default)"), AT(pem) },
	[DER] = { "der", N_("Output DER"), AT(der) },
	[OPENSSH] = { "openssh",
		      N_("Output the public key as a line for OpenSSH's authorized_keys"),
		      AT(openssh) },
	[TEXT] = { "text", N_("Explain the certificate in words"), AT(text) },
	[ISSUER] = { "issuer", N_("The issuer's (CA) certificate on the card instead"),
		     AT(issuer) },
	[ATTACHED] = { "attached", N_("Put the content into the signature, too"), AT(attached) },
	[RAW] = { "raw", N_("Bare signature as the card makes it, instead of CMS"), AT(raw) },
	[CERTIFICATE] = { "certificate", N_("Take the signer's certificate from FILE"),
			  AT(certificate), OPTION_TEXT, "FILE", WORD_FILE },
	[CA_DIR] = { "ca-dir", N_("Trust the CA certificates in DIR instead of the card's"),
		     AT(ca_dir), OPTION_TEXT, "DIR", WORD_DIRECTORY },
	[SCHEME] = { "scheme", N_("Signature scheme for --raw: one of those below"), AT(scheme),
		     OPTION_TEXT, "NAME", WORD_SCHEME },
	[OUTPUT] = { "output", N_("Write to FILE, all or nothing; '-' is standard output"),
		     AT(output), OPTION_TEXT, "FILE", WORD_FILE, .letter = 'o' },
	[JSON] = { "json", N_("Print JSON"), AT(json) },
	[READER] = { "reader", N_("Use this reader: part of its name, or its object path"),
		     AT(reader), OPTION_TEXT, "NAME" },
	[CARD] = { "card", N_("Use the card with this object path"), AT(card), OPTION_TEXT,
		   "PATH" },
	[PIN_FD] = { "pin-fd",
		     N_("Read the PIN from descriptor N to its end; a newline there is dropped"),
		     AT(pin_fd), OPTION_DESCRIPTOR, "N" },
	[NEW_PIN_FD] = { "new-pin-fd", N_("Read the new PIN from descriptor N likewise"),
			 AT(new_pin_fd), OPTION_DESCRIPTOR, "N" },
	[RESET_CODE_FD] = { "reset-code-fd", N_("Read the reset code from descriptor N likewise"),
			    AT(reset_code_fd), OPTION_DESCRIPTOR, "N" },
	[PIN_PAD] = { "pin-pad", N_("Type the PIN on the reader's keypad, even that of sign"),
		      AT(pin_pad) },
	[ALLOW_LAST_TRY] = { "allow-last-try",
			     N_("Use even the PIN's last try; a wrong PIN then locks it"),
			     AT(allow_last_try) },
	[HELP] = { "help", N_("Show help; after a command, about that command"), AT(help),
		   .letter = 'h' },
	[VERSION] = { "version", N_("Show the version"), AT(version) },
};
const size_t option_count = LENGTH_OF(options);

bool command_has_option(const struct command *command, const struct option_row *row)
{
	const uint32_t bit = BIT(row - options);
	const uint32_t of_all = BIT(HELP) | BIT(VERSION);

	return ((command ? command->options | of_all : of_all) & bit) != 0;
}
