/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A certificate in a person's terms, and its usual forms. */
#pragma once

#include <stdio.h>

#include "client/dictionary.h"

/* What the service says of it. Members are NULL or 0 where it says nothing. */
struct description {
	char *subject, *issuer, *serial, *key, *state, *revocation;
	uint64_t not_before, not_after, renewable_from; /* seconds since 1970 */
	/* Of the sign certificate only. */
	bool has_holder;
	char *name, *name_substituted, *gender, *birth_date, *address, *address_substituted;
};
#define DESCRIPTION_INIT ((struct description){ 0 })

/* All members but has_holder. */
extern const struct field description_fields[], description_holder_fields[];

/* Reads the a{sv} of @reply. 0 or a negative errno; in each case description_clear() frees. */
int description_read(struct description *description, DBusMessage *reply);
void description_clear(struct description *description);

void description_print(const struct description *description, FILE *stream);

enum {
	DESCRIPTION_TIME_SIZE = 40,
};

/* The time in Japan; "" for 0 and for what no calendar has. Returns @text. */
const char *description_time(uint64_t seconds, bool is_iso_8601, char text[DESCRIPTION_TIME_SIZE]);

/* As PEM (RFC 7468) to @stream. 0 or -ENOMEM. */
int certificate_print_pem(const uint8_t *der, size_t length, FILE *stream);

/* In OpenSSL's words to @stream, fit for a terminal. 0, -EBADMSG (no certificate) or -ENOMEM. */
int certificate_print_text(const uint8_t *der, size_t length, FILE *stream);
