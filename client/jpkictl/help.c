/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/help.h"

#include <config.h>

#include <stdio.h>

#include "base/cleanup.h"
#include "client/cms/scheme.h"
#include "client/failure.h"
#include "client/jpkictl/command-line.h"
#include "client/language.h"
#include "client/output.h"

enum {
	SYNOPSIS_SIZE = 64,
	SYNOPSIS_COLUMNS = 26,
};

static void print_row(FILE *stream, const char *synopsis, const char *help)
{
	fprintf(stream, "  %-*s%s\n", SYNOPSIS_COLUMNS, synopsis, help);
}

/* Its name and operands. */
static void command_synopsis(const struct command *command, char synopsis[SYNOPSIS_SIZE])
{
	size_t length = (size_t)snprintf(synopsis, SYNOPSIS_SIZE, "%s", command->name);

	for (size_t i = 0; i < OPERANDS_MAX && command->operands[i].name; i++)
		length += (size_t)snprintf(synopsis + length, SYNOPSIS_SIZE - length,
					   command->operands[i].is_optional ? " [%s]" : " %s",
					   command->operands[i].name);
}

static void print_option(FILE *stream, const struct option_row *row)
{
	const char letter[] = { '-', row->letter, ',', ' ', '\0' };
	char synopsis[SYNOPSIS_SIZE];

	snprintf(synopsis, sizeof(synopsis), "%s--%s%s%s", row->letter ? letter : "", row->name,
		 row->argument ? " " : "", row->argument ? row->argument : "");
	print_row(stream, synopsis, _(row->help));
}

/* @command is NULL: those of all commands. */
static void print_options(FILE *stream, const struct command *command)
{
	bool has_schemes = false;

	fprintf(stream, "\n%s\n", _("Options:"));
	for (const struct option_row *row = options; row < options + option_count; row++) {
		if (!command_has_option(command, row))
			continue;
		print_option(stream, row);
		has_schemes |= row->argument_kind == WORD_SCHEME;
	}
	if (!has_schemes)
		return;
	fprintf(stream, "\n%s\n", _("Schemes:"));
	for (size_t i = 0; scheme_name(i); i++)
		print_row(stream, scheme_name(i), scheme_help(i));
}

static void print_all(FILE *stream)
{
	char synopsis[SYNOPSIS_SIZE];

	fprintf(stream, "%s\n%s\n\n", _("Usage: jpkictl COMMAND [OPTION...]"),
		_("Certificates and signatures of the My Number Card: auth is 利用者証明用, "
		  "sign is 署名用."));
	for (size_t i = 0; i < command_count; i++) {
		command_synopsis(&commands[i], synopsis);
		print_row(stream, synopsis, _(commands[i].help));
	}
	print_options(stream, NULL);
	fprintf(stream, "\n%s\n", _("Exit status:"));
	failure_list(stream);
	fprintf(stream, "\n%s\n", _("For the options of a command: jpkictl COMMAND --help"));
}

static void print_command(FILE *stream, const struct command *command)
{
	char synopsis[SYNOPSIS_SIZE];

	command_synopsis(command, synopsis);
	fprintf(stream, _("Usage: jpkictl %s [OPTION...]"), synopsis);
	fprintf(stream, "\n%s\n", _(command->help));
	print_options(stream, command);
}

static size_t count_words(char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	return count;
}

int command_help(const struct arguments *arguments)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	const struct command *command = command_find(arguments->words,
						     count_words(arguments->words));
	int failure = output_open(&output);

	if (failure != 0)
		return failure;
	if (command)
		print_command(output.stream, command);
	else
		print_all(output.stream);
	return output_write(&output, NULL);
}

int command_version(const struct arguments *arguments)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	int failure = output_open(&output);

	if (failure != 0)
		return failure;
	fputs("jpkictl " PACKAGE_VERSION "\n", output.stream);
	return output_write(&output, NULL);
}
