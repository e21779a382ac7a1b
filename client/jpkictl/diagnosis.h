/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The walk from the bus to the card: a table of steps, each of which looks at one thing and finds
 * it all right, or wrong, or cannot look. Nobody is asked for anything, and no try is spent.
 */
#pragma once

#include "client/jpkictl/session.h"

enum verdict {
	VERDICT_NOT_CHECKED,
	VERDICT_ALL_RIGHT,
	VERDICT_WRONG,
};

struct finding {
	enum verdict verdict;
	const char *situation; /* a word of no language; NULL: what comes before is not all right */
	char *detail;          /* a sentence or less, fit for a terminal; NULL as above */
	char *advice;          /* what mends it, if @detail does not say it: sentences, or NULL */
};

enum {
	STEP_BUS,
	STEP_SERVICE,
	STEP_VERSION,
	STEP_PERMISSION,
	STEP_PCSCD,
	STEP_READER,
	STEP_CARD,
	STEP_APPLICATION,
	STEP_AUTH_PIN,
	STEP_SIGN_PIN,
	STEP_AUTH_CERTIFICATE,
	STEP_SIGN_CERTIFICATE,
	STEP_COUNT,
};

struct diagnosis {
	struct session session;
	/* Whose card the steps are about: the one that is nearest to being usable. NULL: none. */
	const struct reader *reader;
	bool may_read;
	struct finding findings[STEP_COUNT];
};

struct step {
	const char *name;   /* a word of no language */
	const char *title;  /* for _() */
	unsigned int needs; /* a bit for each step that must be all right before */
	const char *applet; /* "auth" or "sign", of those that are about one */
	void (*check)(struct diagnosis *diagnosis, const struct step *step,
		      struct finding *finding);
};

extern const struct step steps[STEP_COUNT];

/* In each case diagnosis_clear() frees. False: no memory. */
bool diagnosis_make(struct diagnosis *diagnosis, const struct arguments *arguments);
void diagnosis_clear(struct diagnosis *diagnosis);

/* STEP_COUNT: nothing is wrong. */
size_t diagnosis_first_wrong(const struct diagnosis *diagnosis);
