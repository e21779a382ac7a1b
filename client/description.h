/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service says of a certificate. */
#pragma once

#include "client/dictionary.h"

/* Members are NULL or 0 where the service says nothing. */
struct description {
	char *purpose, *subject, *subject_alternative, *issuer, *issuer_alternative, *serial, *key;
	char *fingerprint, *policy, *cps, *state, *revocation;
	uint64_t not_before, not_after, renewable_from; /* seconds since 1970 */
	/* Of the sign certificate only. */
	bool has_holder;
	char *name, *name_substituted, *gender, *birth_date, *birth_era;
	char *address, *address_substituted;
};
#define DESCRIPTION_INIT ((struct description){ 0 })

/* All members but has_holder. */
extern const struct field description_fields[], description_holder_fields[];

/* Reads the a{sv} of @reply. 0 or a negative errno; in each case description_clear() frees. */
int description_read(struct description *description, DBusMessage *reply);
void description_clear(struct description *description);
