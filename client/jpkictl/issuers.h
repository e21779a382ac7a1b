/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CA certificates that a card has. */
#pragma once

#include "client/jpkictl/command.h"
#include "client/openssl.h"

/* Adds them to @found; they need no PIN. 0 or an enum failure. */
int issuers_read(const struct arguments *arguments, STACK_OF(X509) *found);
