/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Subcommands and options: one table of each drives both parsing and --help. */
#pragma once

#include "client/command.h"

/* 0 or an enum failure. Strings stay those of @argv. */
int command_line_parse(int argc, char **argv, struct arguments *ret_arguments);
