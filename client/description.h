/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service says of a certificate, in a person's terms. */
#pragma once

#include <stdio.h>

#include "dbus/message.h"

/* Members are NULL or 0 where the service says nothing. */
struct description {
	char *subject, *issuer, *serial, *key, *state, *revocation;
	uint64_t not_before, not_after, renewable_from; /* seconds since 1970 */
	/* The holder's, of the sign certificate only. */
	char *name, *name_substituted, *gender, *birth_date, *address, *address_substituted;
};
#define DESCRIPTION_INIT ((struct description){ 0 })

/* Reads the a{sv} of @reply. 0 or a negative errno; in each case description_clear() frees. */
int description_read(struct description *description, DBusMessage *reply);
void description_clear(struct description *description);

void description_print(const struct description *description, FILE *stream);

enum {
	DESCRIPTION_TIME_SIZE = 40,
};

/*
 * "2026-11-22T23:59:59+09:00", the time in Japan; "" for 0 and for what no calendar has. Returns
 * @text.
 */
const char *description_time(uint64_t seconds, char text[DESCRIPTION_TIME_SIZE]);
