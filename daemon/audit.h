/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The account that administrators keep: who used a key or a PIN of which card, and how it came out;
 * never for what. What costs a caller nothing is told rarely, so that no program can drown the
 * rest.
 */
#pragma once

#include "daemon/job.h"

/* Main: @job is back from its worker, whether or not anybody still waits for it. */
void audit_job(const struct job *job);

/*
 * Main: @job, whose PIN may have gone to the card, is not waited for any longer; what comes out of
 * it is still its worker's.
 */
void audit_given_up(const struct job *job);

/* Main: the caller of @job has got a lease of the PIN that it found to be right. */
void audit_lease(const struct job *job);
