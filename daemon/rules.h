/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an administrator may make stricter about PINs. A job carries the rules that held when it was
 * made, since workers do not see the configuration.
 */
#pragma once

enum {
	RULES_WAITS = 3,
};

struct rules {
	/* With this many tries left, or fewer, one is used with consent only; never 0. */
	unsigned int reserve;
	/* Seconds after the second wrong PIN in a row, the third, and each further one. */
	unsigned int hold_off[RULES_WAITS];
};
