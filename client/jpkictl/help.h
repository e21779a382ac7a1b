/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --help and --version. */
#pragma once

#include "client/jpkictl/command.h"

/* Of the command that the words are, or of all. */
int command_help(const struct arguments *arguments);
int command_version(const struct arguments *arguments);
