/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people call the applets of a card and their PINs. */
#pragma once

enum {
	LABEL_COUNT = 2,
};

struct label {
	const char *kind;  /* "auth" */
	const char *name;  /* "利用者証明用" */
	const char *other; /* the kind of the applet whose PIN a store wants to reset this one */

	/* For _(). */
	const char *purpose;   /* of its certificate */
	const char *pin;       /* "auth PIN" */
	const char *pin_form;  /* the same, with the form that it has */
	const char *new_pin_form;
	const char *pin_rule;  /* which form that is, to who has typed another */
	const char *pin_reset; /* how it is reset without the municipal window */

	/* On the desktop, for _(): who is asked there may know of no jpkictl. */
	const char *enter;    /* asks for it */
	const char *last_try; /* what the last try is of */
	const char *rule;     /* as pin_rule */
	const char *locked;   /* that it is */
};

/* Auth, then sign. */
extern const struct label labels[LABEL_COUNT];

/* NULL: neither of the two. */
const struct label *label_find(const char *kind);
