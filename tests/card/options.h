/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of virtual-card. */
#pragma once

#include <stdbool.h>

#include "tests/card/card.h"
#include "tests/card/pins.h"

struct options {
	unsigned port;
	const char *pki;
	const char *not_after;	/* NULL = five years from today */
	bool make_pki;
	struct pins_files pins;
	unsigned delay_ms;
	const char *record;
	const char *control;
	struct card_traits traits;
};

/*
 * Fills options from the command line; prints the help or the fault and exits when there is nothing
 * to run.
 */
void options_parse(struct options *options, int argc, char **argv);
