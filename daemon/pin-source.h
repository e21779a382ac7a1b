/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the PINs of a request come from: its options, the caller's lease, the reader's pad, or an
 * agent, in this order.
 */
#pragma once

#include "daemon/request.h"

/* The request needs a PIN (or a reset code) at all. */
bool pin_source_is_needed(const struct request *request);

/*
 * What can be refused before anybody is asked: 0, or an answer, and *ret_complaint is a static
 * sentence that says why. Settles whether the PIN is typed at the pad.
 */
int pin_source_check(struct request *request, const char **ret_complaint);

/* Gets what is needed into the request's job, and goes on with request_submit(). */
void pin_source_read(struct request *request);
