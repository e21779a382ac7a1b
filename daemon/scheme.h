/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signature schemes of the API: what a caller gives, and what the card is given for it. */
#pragma once

#include "daemon/job.h"

struct scheme;

/* NULL: there is none of this name. */
const struct scheme *scheme_find(const char *name);

/* Static. */
const char *scheme_name(const struct scheme *scheme);

enum jpki_padding scheme_padding(const struct scheme *scheme);

/*
 * Makes what SIGN is sent out of what a caller gave: ANSWER_INVALID_INPUT where the length is not
 * one that the scheme takes. ret_prepared->bytes is the caller's to free.
 */
int scheme_prepare(const struct scheme *scheme, const uint8_t *input, size_t length,
		   struct job_bytes *ret_prepared);
