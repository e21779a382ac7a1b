/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "client/command-line.h"

#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/output.h"
#include "client/scheme.h"

static int command_help(const struct arguments *arguments);
static int command_version(const struct arguments *arguments);

/* --- the tables ------------------------------------------------------------------------------ */

enum {
	JSON = 1 << 0,
	READER = 1 << 1,
	CARD = 1 << 2,
	PIN = 1 << 3,
	OUTPUT = 1 << 4,
	SCHEME = 1 << 5,
	FORM = 1 << 6,
	WORDS_MAX = 2,
};

static const struct command {
	const char *words[WORDS_MAX];
	bool takes_applet, takes_file;
	unsigned int options;
	const char *help;
	int (*run)(const struct arguments *arguments);
} commands[] = {
	{ { "status" }, false, false, JSON | READER,
	  "readers, cards, and how many tries their PINs have left", command_status },
	{ { "cert" }, true, false, JSON | READER | CARD | PIN | OUTPUT | FORM,
	  "the certificate", command_cert },
	{ { "sign" }, true, true, READER | CARD | PIN | OUTPUT | SCHEME,
	  "a signature of FILE; '-' is standard input", command_sign },
	{ { "pin", "status" }, false, false, JSON | READER | CARD,
	  "how many tries are left; the card is asked, at no cost", command_pin_status },
	{ { "pin", "verify" }, true, false, READER | CARD | PIN,
	  "is the PIN right? A wrong one costs a try", command_pin_verify },
};

enum kind {
	FLAG,       /* bool */
	TEXT,       /* const char * */
	DESCRIPTOR, /* int */
	INSTEAD,    /* runs @run instead of a command */
};

#define TAKES(kind_, member) .kind = kind_, .offset = offsetof(struct arguments, member)

static const struct option_row {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* NULL: takes none */
	unsigned int bit;     /* of the commands that know it; 0: all do */
	const char *help;
	enum kind kind;
	size_t offset;
	int (*run)(const struct arguments *arguments);
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
	{ "allow-last-try", 0, NULL, PIN, "use the PIN's last try, too: a wrong PIN then locks it",
	  TAKES(FLAG, allow_last_try) },
	{ "help", 'h', NULL, 0, "print this", .kind = INSTEAD, .run = command_help },
	{ "version", 0, NULL, 0, "print the version", .kind = INSTEAD, .run = command_version },
};

/* --- help ------------------------------------------------------------------------------------ */

static void print_commands(FILE *stream)
{
	char synopsis[64];

	for (const struct command *command = commands; command < commands + LENGTH_OF(commands);
	     command++) {
		snprintf(synopsis, sizeof(synopsis), "%s%s%s%s%s", command->words[0],
			 command->words[1] ? " " : "", command->words[1] ? command->words[1] : "",
			 command->takes_applet ? " auth|sign" : "",
			 command->takes_file ? " FILE" : "");
		fprintf(stream, "  %-21s %s\n", synopsis, command->help);
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

	if (!output_open(&output))
		return failure_no_memory();
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

	if (!output_open(&output))
		return failure_no_memory();
	fputs("jpkictl " PACKAGE_VERSION "\n", output.stream);
	return output_write(&output, NULL);
}

/* --- options --------------------------------------------------------------------------------- */

/* getopt_long's value of an option without a letter. */
static int row_value(size_t row)
{
	return options[row].letter ? options[row].letter : (int)(UCHAR_MAX + 1 + row);
}

static const struct option_row *row_find(int value)
{
	for (size_t row = 0; row < LENGTH_OF(options); row++)
		if (row_value(row) == value)
			return &options[row];
	return NULL;
}

static int descriptor_parse(const char *word, int *ret_fd)
{
	char *end;
	long number = strtol(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || number > INT_MAX)
		return failure_say(FAILURE_USAGE,
				   "--pin-fd takes the number of a descriptor, not '%s'.", word);
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
		return descriptor_parse(argument, member);
	case INSTEAD:
		arguments->run = row->run;
		return 0;
	}
	return 0;
}

/* Leaves the operands behind optind; *ret_used has the bits of the options that were there. */
static int options_parse(int argc, char **argv, struct arguments *arguments, unsigned int *ret_used)
{
	struct option long_options[LENGTH_OF(options) + 1] = { 0 };
	char letters[2 * LENGTH_OF(options) + 2] = ":", *end = letters + 1;
	int value, failure;

	for (size_t row = 0; row < LENGTH_OF(options); row++) {
		const int has_argument = options[row].argument ? required_argument : no_argument;

		long_options[row] = (struct option){ options[row].name, has_argument, NULL,
						     row_value(row) };
		if (options[row].letter)
			*end++ = options[row].letter;
		if (options[row].letter && options[row].argument)
			*end++ = ':';
	}
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct option_row *row = row_find(value);

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
	}
	return 0;
}

/* --- commands -------------------------------------------------------------------------------- */

/* How many of @words the command's name is; 0: it is another. */
static size_t command_match(const struct command *command, char **words, size_t count)
{
	size_t i = 0;

	for (; i < WORDS_MAX && command->words[i]; i++)
		if (i == count || strcmp(words[i], command->words[i]) != 0)
			return 0;
	return i;
}

static const struct command *command_find(char **words, size_t count, size_t *ret_length)
{
	for (size_t i = 0; i < LENGTH_OF(commands); i++) {
		*ret_length = command_match(&commands[i], words, count);
		if (*ret_length > 0)
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

int command_line_parse(int argc, char **argv, struct arguments *ret_arguments)
{
	struct arguments arguments = { .pin_fd = -1 };
	const struct command *command;
	unsigned int used = 0;
	size_t count, length;
	int failure = options_parse(argc, argv, &arguments, &used);

	if (failure != 0)
		return failure;
	if (arguments.run) {
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
