/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people call things. */
#pragma once

#include "client/inventory.h"

enum {
	LABEL_COUNT = 2,
	LABEL_TRIES_SIZE = 32,
};

/* An applet's. */
struct label {
	const char *kind;       /* "auth" */
	const char *name;       /* "利用者証明用" */
	const char *pin_format; /* "数字4桁" */
	const char *store;      /* that has terminals where its PIN can be reset */
	const char *other;      /* the kind of the applet whose PIN is needed for that */
};

/* Auth, then sign. */
extern const struct label labels[LABEL_COUNT];

const struct label *label_find(const char *kind);

/* "My Number Card" for "mynumber-card"; a type that is not known is its own name. */
const char *label_of_card_type(const char *type);

/* "3 of 3 tries left", "PIN locked" or "tries not known". Returns @text. */
const char *label_tries(const struct applet *applet, char text[LABEL_TRIES_SIZE]);
