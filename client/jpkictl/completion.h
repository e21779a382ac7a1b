/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the shells offer while a command line is typed; their scripts (client/jpkictl/completions/)
 * ask for it, so that it comes from the tables that parse it.
 */
#pragma once

#include "client/jpkictl/command.h"

#define COMPLETION_WORD "--complete"

/*
 * The words are those of the command line up to the one that is being typed, which can be "".
 * Prints a line for each word that can stand there, with a tab and what it means behind it; or,
 * where that is a file, the line "<file>" or "<directory>".
 */
int command_complete(const struct arguments *arguments);
