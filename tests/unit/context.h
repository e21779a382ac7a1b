/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A context of daemon/pcsc.h with the pcscd of tests/unit/fake-winscard.h, and its error map. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/pcsc.h"
#include "tests/unit/fake-steps.h"
#include "tests/unit/fake-winscard.h"

struct context {
	struct pcsc *pcsc;
	struct pcsc_card *card; /* NULL: none is connected */
};

/* For cmocka: a context is the *state, the journal begins behind it, and there are no readers. */
int context_set_up(void **state);
int context_tear_down(void **state);

/* The card in "A", one at a time; the journal begins behind that. */
struct pcsc_card *context_connect(struct context *context, bool exclusive);
void context_disconnect(struct context *context);

/* The error map of pcsc-lite. */
struct context_row {
	LONG code;
	int answer; /* of a call that comes first */
};
enum {
	CONTEXT_ROWS = 19,
};
extern const struct context_row context_rows[CONTEXT_ROWS];

/* Whom pcscd has let in it does not refuse any more: it drops him. */
int context_answer_in_use(const struct context_row *row);
