/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/command-line.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "client/failure.h"
#include "client/jpkictl/completion.h"
#include "client/jpkictl/help.h"
#include "client/label.h"
#include "client/language.h"

enum {
	OPTIONS_MAX = 32, /* bits of struct command's options */
	WORDS_BEGIN = 256, /* what getopt_long() answers for the first word, beyond all letters */
};

/* --- options ------ */

static int descriptor_parse(const char *name, const char *word, int *ret_fd)
{
	char *end;
	long number = strtol(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || number > INT_MAX)
		return failure_say(FAILURE_USAGE,
				   _("--%s takes the number of a file descriptor, not '%s'."), name,
				   word);
	/* What jpkictl itself opens later could have this number. */
	if (fcntl((int)number, F_GETFD) < 0)
		return failure_say(FAILURE_FILE, _("--%s: file descriptor %s cannot be read: %s"),
				   name, word, strerror(errno));
	*ret_fd = (int)number;
	return 0;
}

static int option_take(const struct option_row *row, const char *word, struct arguments *arguments)
{
	void *member = (char *)arguments + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)member = word;
		return 0;
	case OPTION_DESCRIPTOR:
		return descriptor_parse(row->name, word, member);
	}
	return 0;
}

/* For getopt_long(). */
struct names {
	struct option words[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 2];
};

static void names_fill(struct names *names)
{
	char *end = stpcpy(names->letters, ":");

	for (size_t i = 0; i < option_count; i++) {
		names->words[i].name = options[i].name;
		names->words[i].has_arg = options[i].argument != NULL;
		names->words[i].val = WORDS_BEGIN + (int)i;
		if (options[i].letter)
			*end++ = options[i].letter;
		if (options[i].letter && options[i].argument)
			*end++ = ':';
	}
}

/*
 * The option that getopt_long() has @found. NULL: none, or only an abbreviation: --all shall not be
 * anybody's --allow-last-try.
 */
static const struct option_row *row_found(int found, char **argv)
{
	const struct option_row *row;

	if (found >= WORDS_BEGIN) {
		row = &options[found - WORDS_BEGIN];
		return option_is_whole(row->name, argv) ? row : NULL;
	}
	for (row = options; row < options + option_count; row++)
		if (row->letter == found)
			return row;
	return NULL;
}

/* Why getopt_long() has @found no option; optopt is the one with a value, or a letter of "-xy". */
static int say_no_option(int found, char **argv)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	const bool is_refused = found == '?' && optopt != 0;

	if (is_refused && optopt >= WORDS_BEGIN && row_found(optopt, argv))
		return failure_say(FAILURE_USAGE,
				   _("--%s takes no value; see: jpkictl COMMAND --help"),
				   options[optopt - WORDS_BEGIN].name);
	return failure_say(FAILURE_USAGE,
			   _("There is no option '%s'; see: jpkictl COMMAND --help"),
			   is_refused && optopt < WORDS_BEGIN ? letter : argv[optind - 1]);
}

/* Leaves the operands behind optind; *ret_used has the bits of the options that were there. */
static int options_parse(int argc, char **argv, struct arguments *arguments, uint32_t *ret_used)
{
	struct names names = { 0 };
	int found;

	names_fill(&names);
	opterr = 0;
	while ((found = getopt_long(argc, argv, names.letters, names.words, NULL)) != -1) {
		const struct option_row *row = row_found(found, argv);
		int failure;

		if (found == ':')
			return failure_say(FAILURE_USAGE,
					   _("%s needs a value; see: jpkictl COMMAND --help"),
					   argv[optind - 1]);
		if (!row)
			return say_no_option(found, argv);
		failure = option_take(row, optarg, arguments);
		if (failure != 0)
			return failure;
		*ret_used |= UINT32_C(1) << (row - options);
	}
	return 0;
}

/* --- commands ------ */

size_t command_words(const struct command *command)
{
	return strchr(command->name, ' ') ? 2 : 1;
}

static bool command_is(const struct command *command, char *const *words, size_t count)
{
	const char *second = strchr(command->name, ' ');
	const size_t length = strcspn(command->name, " ");

	return count >= command_words(command) && strlen(words[0]) == length &&
	       strncmp(words[0], command->name, length) == 0 &&
	       (!second || strcmp(words[1], second + 1) == 0);
}

const struct command *command_find(char *const *words, size_t count)
{
	for (size_t i = 0; i < command_count; i++)
		if (command_is(&commands[i], words, count))
			return &commands[i];
	return NULL;
}

static int options_check(const struct command *command, uint32_t used)
{
	for (size_t i = 0; i < option_count; i++)
		if ((used & UINT32_C(1) << i) && !command_has_option(command, &options[i]))
			return failure_say(FAILURE_USAGE,
					   _("'%s' has no option --%s; see: jpkictl %s --help"),
					   command->name, options[i].name, command->name);
	return 0;
}

static int operand_take(const struct command *command, const struct operand *operand, char *word,
			struct arguments *arguments)
{
	if (!word && operand->is_optional)
		return 0;
	if (operand->kind == WORD_APPLET && (!word || !label_find(word)))
		return failure_say(FAILURE_USAGE,
				   _("Say which one: auth (利用者証明用) or sign (署名用); see: "
				     "jpkictl %s --help"),
				   command->name);
	if (!word)
		return failure_say(FAILURE_USAGE, _("%s is missing; see: jpkictl %s --help"),
				   operand->name, command->name);
	*(const char **)((char *)arguments + operand->offset) = word;
	return 0;
}

static int operands_take(const struct command *command, char **words, size_t count,
			 struct arguments *arguments)
{
	size_t taken = 0;

	for (; taken < OPERANDS_MAX && command->operands[taken].name; taken++) {
		int failure = operand_take(command, &command->operands[taken],
					   taken < count ? words[taken] : NULL, arguments);

		if (failure != 0)
			return failure;
	}
	if (count > taken)
		return failure_say(FAILURE_USAGE,
				   _("'%s' is one word too many; see: jpkictl %s --help"),
				   words[taken], command->name);
	return 0;
}

static int say_no_command(const char *word)
{
	if (!word)
		return failure_say(FAILURE_USAGE, _("A command is needed; see: jpkictl --help"));
	return failure_say(FAILURE_USAGE,
			   _("'%s' is not a command, or an incomplete one; see: jpkictl --help"),
			   word);
}

static int command_take(char **words, size_t count, uint32_t used, struct arguments *arguments)
{
	const struct command *command = command_find(words, count);
	int failure;

	if (!command)
		return say_no_command(count > 0 ? words[0] : NULL);
	failure = options_check(command, used);
	if (failure == 0)
		failure = operands_take(command, words + command_words(command),
					count - command_words(command), arguments);
	arguments->run = command->run;
	return failure;
}

int command_line_parse(int argc, char **argv, struct arguments *ret_arguments)
{
	struct arguments arguments = { .pin_fd = -1, .new_pin_fd = -1, .reset_code_fd = -1 };
	uint32_t used = 0;
	int failure;

	/* What is completed need not be right: nothing of it is parsed. */
	if (argc > 1 && strcmp(argv[1], COMPLETION_WORD) == 0) {
		*ret_arguments = (struct arguments){ .run = command_complete, .words = argv + 2 };
		return 0;
	}
	failure = options_parse(argc, argv, &arguments, &used);
	if (failure != 0)
		return failure;
	arguments.has_output = arguments.output;
	if (arguments.has_output && strcmp(arguments.output, "-") == 0)
		arguments.output = NULL;
	if (arguments.help || arguments.version) {
		arguments.run = arguments.help ? command_help : command_version;
		arguments.words = argv + optind;
	} else {
		failure = command_take(argv + optind, (size_t)(argc - optind), used, &arguments);
	}
	if (failure == 0)
		*ret_arguments = arguments;
	return failure;
}
