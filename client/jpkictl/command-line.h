/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of jpkictl: the two tables of commands.c, which parsing, --help and the shells'
 * completion have in common.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/jpkictl/command.h"

enum {
	OPERANDS_MAX = 2,
};

/* What a word can be, as completion offers it. */
enum word_kind {
	WORD_OTHER,
	WORD_APPLET,
	WORD_FILE,
	WORD_DIRECTORY,
	WORD_SCHEME,
};

struct operand {
	const char *name; /* NULL: there is none */
	enum word_kind kind;
	bool is_optional;
	size_t offset; /* of a const char * in struct arguments */
};

struct command {
	const char *name; /* one word or two */
	struct operand operands[OPERANDS_MAX];
	uint32_t options; /* bits, numbered as in options[] */
	const char *help; /* to be translated */
	int (*run)(const struct arguments *arguments);
};

enum option_kind {
	OPTION_FLAG,       /* bool */
	OPTION_TEXT,       /* const char * */
	OPTION_DESCRIPTOR, /* int */
};

struct option_row {
	const char *name;
	const char *help; /* to be translated */
	size_t offset;    /* in struct arguments */
	enum option_kind kind;
	const char *argument; /* NULL: takes none */
	enum word_kind argument_kind;
	char letter; /* 0: none */
};

extern const struct command commands[];
extern const size_t command_count;
extern const struct option_row options[];
extern const size_t option_count;

/* Whether @command (NULL: every one) has the option of this row. */
bool command_has_option(const struct command *command, const struct option_row *row);

/* How many words the name has. */
size_t command_words(const struct command *command);

/* The one whose name is the first of @words. NULL: there is none. */
const struct command *command_find(char *const *words, size_t count);

/* 0 and *ret_arguments, whose run is never NULL; or an enum failure. */
int command_line_parse(int argc, char **argv, struct arguments *ret_arguments);
