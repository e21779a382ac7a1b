/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jpkictl: the My Number Card on the command line. One table of commands and one of options drive
 * both parsing and --help.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/option.h"
#include "base/process.h"
#include "base/secret.h"
#include "client/command.h"
#include "client/failure.h"
#include "client/output.h"
#include "client/scheme.h"

/* --- the tables ------------------------------------------------------------------------------ */

enum {
	JSON = 1 << 0,
	READER = 1 << 1,
	CARD = 1 << 2,
	PIN = 1 << 3,
	OUTPUT = 1 << 4,
	SCHEME = 1 << 5,
	FORM = 1 << 6,
	LAST_TRY = 1 << 7,
	NEW_PIN = 1 << 8,
	RESET_CODE = 1 << 9,
	WITH_PIN = READER | CARD | PIN | LAST_TRY,
};

static const struct command {
	const char *name, *operands;
	bool takes_applet, takes_file;
	unsigned int options;
	const char *help;
	int (*run)(const struct arguments *arguments);
} commands[] = {
	{ "status", "", false, false, JSON | READER,
	  "readers, cards, and how many tries their PINs have left", command_status },
	{ "cert", " auth|sign", true, false, JSON | WITH_PIN | OUTPUT | FORM,
	  "the certificate", command_cert },
	{ "sign", " auth|sign FILE", true, true, WITH_PIN | OUTPUT | SCHEME,
	  "a signature of FILE; '-' is standard input", command_sign },
	{ "pin status", "", false, false, JSON | READER | CARD,
	  "how many tries are left; the card is asked, at no cost", command_pin_status },
	{ "pin verify", " auth|sign", true, false, WITH_PIN,
	  "is the PIN right? A wrong one costs a try", command_pin_verify },
	{ "pin change", " auth|sign", true, false, WITH_PIN | NEW_PIN, "sets a new PIN",
	  command_pin_change },
	{ "pin reset", " auth|sign", true, false, READER | CARD | LAST_TRY | NEW_PIN | RESET_CODE,
	  "sets a new PIN with the card's reset code, if it has one", command_pin_reset },
};

enum kind {
	FLAG,       /* bool */
	TEXT,       /* const char * */
	DESCRIPTOR, /* int */
};

#define TAKES(kind, member) kind, offsetof(struct arguments, member)

static const struct option_row {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* NULL: takes none */
	unsigned int bit;     /* of the commands that know it; 0: all do */
	const char *help;
	enum kind kind;
	size_t offset;
} options[] = {
	{ "pem", 0, NULL, FORM, "cert: as PEM (this is the default)", TAKES(FLAG, pem) },
	{ "der", 0, NULL, FORM, "cert: as DER", TAKES(FLAG, der) },
	{ "text", 0, NULL, FORM, "cert: in words", TAKES(FLAG, text) },
	{ "issuer", 0, NULL, FORM, "cert: that of the issuing authority", TAKES(FLAG, issuer) },
	{ "scheme", 0, "NAME", SCHEME, "sign: how, see below", TAKES(TEXT, scheme) },
	{ "output", 'o', "FILE", OUTPUT, "write to FILE, all or nothing", TAKES(TEXT, output) },
	{ "json", 0, NULL, JSON, "what would be words or a table as JSON", TAKES(FLAG, json) },
	{ "reader", 0, "NAME", READER,
	  "use the card in this reader: object path, or part of its name", TAKES(TEXT, reader) },
	{ "card", 0, "PATH", CARD, "use the card of this object path", TAKES(TEXT, card) },
	{ "pin-fd", 0, "N", PIN,
	  "read the PIN from descriptor N to its end, less one newline there",
	  TAKES(DESCRIPTOR, pin_fd) },
	{ "new-pin-fd", 0, "N", NEW_PIN, "likewise the new PIN", TAKES(DESCRIPTOR, new_pin_fd) },
	{ "reset-code-fd", 0, "N", RESET_CODE, "likewise the reset code",
	  TAKES(DESCRIPTOR, reset_code_fd) },
	{ "pin-pad", 0, NULL, PIN, "type the PIN at the reader, even that of sign",
	  TAKES(FLAG, pin_pad) },
	{ "allow-last-try", 0, NULL, LAST_TRY,
	  "use the PIN's last try, too: a wrong PIN then locks it", TAKES(FLAG, allow_last_try) },
	{ "help", 'h', NULL, 0, "print this", TAKES(FLAG, help) },
	{ "version", 0, NULL, 0, "print the version", TAKES(FLAG, version) },
};

/* --- help ------------------------------------------------------------------------------------ */

static void print_commands(FILE *stream)
{
	char synopsis[64];

	for (size_t i = 0; i < LENGTH_OF(commands); i++) {
		snprintf(synopsis, sizeof(synopsis), "%s%s", commands[i].name, commands[i].operands);
		fprintf(stream, "  %-21s %s\n", synopsis, commands[i].help);
	}
}

static void print_options(FILE *stream)
{
	char synopsis[64];

	for (const struct option_row *row = options; row < options + LENGTH_OF(options); row++) {
		const char letter[] = { '-', row->letter, ',', ' ', '\0' };
		const char *argument = row->argument ? row->argument : "";

		snprintf(synopsis, sizeof(synopsis), "%s--%s %s", row->letter ? letter : "",
			 row->name, argument);
		fprintf(stream, "  %-21s %s\n", synopsis, row->help);
	}
}

static int command_help(const struct arguments *arguments)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	int failure = output_open(&output);

	if (failure != 0)
		return failure;
	fputs("usage: jpkictl COMMAND [OPTION...]\n"
	      "Certificates and signatures of the My Number Card: auth is 利用者証明用, sign is "
	      "署名用.\n\n",
	      output.stream);
	print_commands(output.stream);
	fputs("\nOptions:\n", output.stream);
	print_options(output.stream);
	fputs("\nSchemes:\n", output.stream);
	scheme_list(output.stream);
	fputs("\nExit status:\n", output.stream);
	failure_list(output.stream);
	return output_write(&output, NULL);
}

static int command_version(const struct arguments *arguments)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	int failure = output_open(&output);

	if (failure != 0)
		return failure;
	fputs("jpkictl " PACKAGE_VERSION "\n", output.stream);
	return output_write(&output, NULL);
}

/* --- options --------------------------------------------------------------------------------- */

static int descriptor_parse(const char *name, const char *word, int *ret_fd)
{
	char *end;
	long number = strtol(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || number > INT_MAX)
		return failure_say(FAILURE_USAGE,
				   "--%s takes the number of a descriptor, not '%s'.", name, word);
	/* What jpkictl itself opens later could have this number. */
	if (fcntl((int)number, F_GETFD) < 0)
		return failure_say(FAILURE_FILE, "--%s: Descriptor %s cannot be read: %s", name,
				   word, strerror(errno));
	*ret_fd = (int)number;
	return 0;
}

static int option_take(const struct option_row *row, const char *argument,
		       struct arguments *arguments)
{
	void *member = (char *)arguments + row->offset;

	switch (row->kind) {
	case FLAG:
		*(bool *)member = true;
		return 0;
	case TEXT:
		*(const char **)member = argument;
		return 0;
	case DESCRIPTOR:
		return descriptor_parse(row->name, argument, member);
	}
	return 0;
}

/* For getopt_long(). */
struct names {
	struct option words[LENGTH_OF(options) + 1];
	char letters[2 * LENGTH_OF(options) + 2];
};

static void names_fill(struct names *names)
{
	char *end = stpcpy(names->letters, ":");

	for (size_t i = 0; i < LENGTH_OF(options); i++) {
		names->words[i].name = options[i].name;
		names->words[i].has_arg = options[i].argument != NULL;
		if (options[i].letter)
			*end++ = options[i].letter;
		if (options[i].letter && options[i].argument)
			*end++ = ':';
	}
}

/*
 * The option that getopt_long() has found: the one at @index, or that with @letter. NULL: none, or
 * only an abbreviation: --all shall not be anybody's --allow-last-try.
 */
static const struct option_row *row_found(int index, int letter, char **argv)
{
	if (index >= 0)
		return option_is_whole(options[index].name, argv) ? &options[index] : NULL;
	for (size_t i = 0; i < LENGTH_OF(options); i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

/* Leaves the operands behind optind; *ret_used has the bits of the options that were there. */
static int options_parse(int argc, char **argv, struct arguments *arguments, unsigned int *ret_used)
{
	struct names names = { 0 };
	int letter, index = -1;

	names_fill(&names);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, names.letters, names.words, &index)) != -1) {
		const struct option_row *row = row_found(index, letter, argv);
		int failure;

		if (!row)
			return failure_say(
				FAILURE_USAGE,
				"'%s' is no option, or lacks or has too many words; see: "
				"jpkictl --help",
				argv[optind - 1]);
		failure = option_take(row, optarg, arguments);
		if (failure != 0)
			return failure;
		*ret_used |= row->bit;
		index = -1;
	}
	return 0;
}

/* --- commands -------------------------------------------------------------------------------- */

/* *ret_length: how many of @words its name is. NULL: there is none. */
static const struct command *command_find(char **words, size_t count, size_t *ret_length)
{
	for (size_t i = 0; i < LENGTH_OF(commands); i++) {
		const char *name = commands[i].name, *second = strchr(name, ' ');
		const size_t length = second ? (size_t)(second - name) : strlen(name);

		*ret_length = second ? 2 : 1;
		if (count >= *ret_length && strlen(words[0]) == length &&
		    strncmp(words[0], name, length) == 0 &&
		    (!second || strcmp(words[1], second + 1) == 0))
			return &commands[i];
	}
	return NULL;
}

static int operands_take(const struct command *command, char **words, size_t count,
			 struct arguments *arguments)
{
	const size_t wanted = (size_t)command->takes_applet + (size_t)command->takes_file;

	if (command->takes_applet &&
	    (count == 0 || (strcmp(words[0], "auth") != 0 && strcmp(words[0], "sign") != 0)))
		return failure_say(
			FAILURE_USAGE,
			"Which one, auth (利用者証明用) or sign (署名用)? See: jpkictl --help");
	if (count < wanted)
		return failure_say(FAILURE_USAGE,
				   "Which file? '-' is standard input; see: jpkictl --help");
	if (count > wanted)
		return failure_say(FAILURE_USAGE, "'%s' is one word too many; see: jpkictl --help",
				   words[wanted]);
	if (command->takes_applet)
		arguments->applet = words[0];
	if (command->takes_file)
		arguments->file = words[1];
	return 0;
}

static int command_line_parse(int argc, char **argv, struct arguments *ret_arguments)
{
	struct arguments arguments = { .pin_fd = -1, .new_pin_fd = -1, .reset_code_fd = -1 };
	const struct command *command;
	unsigned int used = 0;
	size_t count, length;
	int failure = options_parse(argc, argv, &arguments, &used);

	if (failure != 0)
		return failure;
	if (arguments.help || arguments.version) {
		arguments.run = arguments.help ? command_help : command_version;
		*ret_arguments = arguments;
		return 0;
	}

	count = (size_t)(argc - optind);
	command = command_find(argv + optind, count, &length);
	if (!command && count > 0)
		return failure_say(FAILURE_USAGE,
				   "'%s' is no command, or not all of one; see: jpkictl --help",
				   argv[optind]);
	if (!command)
		return failure_say(FAILURE_USAGE, "A command is needed; see: jpkictl --help");
	if (used & ~command->options)
		return failure_say(FAILURE_USAGE, "'%s' has no such option; see: jpkictl --help",
				   argv[optind]);
	failure = operands_take(command, argv + optind + length, count - length, &arguments);
	if (failure != 0)
		return failure;

	arguments.run = command->run;
	*ret_arguments = arguments;
	return 0;
}

/* --- main ------------------------------------------------------------------------------------ */

int main(int argc, char **argv)
{
	struct arguments arguments;
	int failure, r = process_fill_standard_streams();

	if (r == 0)
		r = secret_protect_process();
	if (r < 0)
		return failure_say(FAILURE_OTHER, "This process cannot be protected: %s",
				   strerror(-r));
	failure = command_line_parse(argc, argv, &arguments);
	return failure != 0 ? failure : arguments.run(&arguments);
}
