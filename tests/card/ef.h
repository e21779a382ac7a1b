/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The elementary files of the JPKI application: which there are, and what stands in those that can
 * be read.
 */
#pragma once

#include <stdint.h>

#include "tests/card/bytes.h"
#include "tests/card/pki.h"
#include "tests/card/purpose.h"

struct card_traits;

enum { EF_COUNT = 17 };

/* An EF of the JPKI application; its short identifier is the low five bits of its id. */
struct ef {
	uint16_t id;
	enum { EF_DATA, EF_KEY, EF_PIN, EF_CLOSED } kind;
	enum { READ_ALWAYS, READ_WITH_PIN, READ_WITH_PIN_ON_PHONE } read;
	enum purpose purpose;
};

/* NULL when there is none. */
const struct ef *ef_find(uint16_t id);

/* The content that belongs to the EF. */
struct bytes *ef_content(struct bytes content[EF_COUNT], const struct ef *ef);

/*
 * Makes the content of all data EFs; label is what EF 0006 begins with. 0, or negative errno, of a
 * replacement file too; the caller clears content in both cases.
 */
int ef_fill(struct bytes content[EF_COUNT], const struct card_traits *traits, const char *label,
	    const struct pki *pki);
