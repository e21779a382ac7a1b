/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/completion.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/cms/scheme.h"
#include "client/jpkictl/command-line.h"
#include "client/label.h"
#include "client/language.h"
#include "client/output.h"

enum {
	OPTION_SIZE = 64, /* "--" and a name */
};

/* The command line so far. */
struct line {
	const struct command *command;     /* NULL: not known yet */
	const struct option_row *argument; /* whose argument is being typed; NULL: none's */
	char *words[2];                    /* that are no options, the first ones */
	size_t word_count;
	const char *typed;
	bool only_operands; /* behind "--" */
};

/* Also of "--name=". */
static const struct option_row *option_find(const char *word)
{
	for (const struct option_row *row = options; row < options + option_count; row++) {
		const size_t length = strlen(row->name);

		if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, row->name, length) == 0 &&
		    (word[2 + length] == '\0' || word[2 + length] == '='))
			return row;
		if (row->letter && word[0] == '-' && word[1] == row->letter && !word[2])
			return row;
	}
	return NULL;
}

static void line_take(struct line *line, char *word)
{
	const struct option_row *row = line->only_operands ? NULL : option_find(word);

	if (line->argument) {
		line->argument = NULL;
	} else if (row) {
		line->argument = row->argument && !strchr(word, '=') ? row : NULL;
	} else if (strcmp(word, "--") == 0) {
		line->only_operands = true;
	} else {
		if (line->word_count < LENGTH_OF(line->words))
			line->words[line->word_count] = word;
		line->word_count++;
	}
}

/* "--name=" and a part of its argument is the one word that is not typed from its beginning on. */
static void line_type(struct line *line, char *word)
{
	const struct option_row *row = line->only_operands ? NULL : option_find(word);
	const char *value = strchr(word, '=');

	line->typed = word;
	if (line->argument || !row || !row->argument || !value)
		return;
	line->argument = row;
	line->typed = value + 1;
}

static void line_read(struct line *line, char **words)
{
	line->typed = "";
	for (; *words; words++) {
		if (words[1])
			line_take(line, *words);
		else
			line_type(line, *words);
	}
	line->command = command_find(line->words, line->word_count < LENGTH_OF(line->words) ?
							 line->word_count :
							 LENGTH_OF(line->words));
}

/* --- what can stand there ------ */

static void offer(FILE *stream, const struct line *line, const char *word, const char *meaning)
{
	if (strncmp(word, line->typed, strlen(line->typed)) == 0)
		fprintf(stream, "%s\t%s\n", word, meaning);
}

static void offer_kind(FILE *stream, const struct line *line, enum word_kind kind)
{
	switch (kind) {
	case WORD_APPLET:
		for (size_t i = 0; i < LABEL_COUNT; i++)
			offer(stream, line, labels[i].kind, labels[i].name);
		break;
	case WORD_FILE:
		fputs("<file>\n", stream);
		break;
	case WORD_DIRECTORY:
		fputs("<directory>\n", stream);
		break;
	case WORD_SCHEME:
		for (size_t i = 0; scheme_name(i); i++)
			offer(stream, line, scheme_name(i), "");
		break;
	case WORD_OTHER:
		break;
	}
}

/* The first word of commands that have two. */
static void offer_group(FILE *stream, const struct line *line, const char *name, size_t length)
{
	CLEANUP(freep) char *word = strndup(name, length);

	if (word)
		offer(stream, line, word, "");
}

/* The first words, or the second ones behind the first. */
static void offer_commands(FILE *stream, const struct line *line)
{
	for (size_t i = 0; i < command_count; i++) {
		const char *name = commands[i].name, *second = strchr(name, ' ');
		const size_t length = strcspn(name, " ");
		const bool is_first = i == 0 ||
				      strncmp(name, commands[i - 1].name, length + 1) != 0;

		if (line->word_count == 0 && !second)
			offer(stream, line, name, _(commands[i].help));
		else if (line->word_count == 0 && is_first)
			offer_group(stream, line, name, length);
		else if (line->word_count == 1 && second && strlen(line->words[0]) == length &&
			 strncmp(line->words[0], name, length) == 0)
			offer(stream, line, second + 1, _(commands[i].help));
	}
}

static void offer_options(FILE *stream, const struct line *line)
{
	char word[OPTION_SIZE];

	for (const struct option_row *row = options; row < options + option_count; row++) {
		if (!command_has_option(line->command, row))
			continue;
		snprintf(word, sizeof(word), "--%s", row->name);
		offer(stream, line, word, _(row->help));
	}
}

static void offer_operand(FILE *stream, const struct line *line)
{
	const size_t index = line->word_count - command_words(line->command);

	if (index < OPERANDS_MAX && line->command->operands[index].name)
		offer_kind(stream, line, line->command->operands[index].kind);
}

int command_complete(const struct arguments *arguments)
{
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	struct line line = { 0 };
	int failure = output_open(&output);

	if (failure != 0)
		return failure;
	line_read(&line, arguments->words);
	if (line.argument)
		offer_kind(output.stream, &line, line.argument->argument_kind);
	else if (line.typed[0] == '-' && !line.only_operands)
		offer_options(output.stream, &line);
	else if (line.command)
		offer_operand(output.stream, &line);
	else
		offer_commands(output.stream, &line);
	return output_write(&output, NULL);
}
