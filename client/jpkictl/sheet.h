/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a card tells without a PIN, as a person is shown it. */
#pragma once

#include <stdio.h>

#include "client/jpkictl/session.h"

/* Prints a block of lines for each applet. */
void sheet_print(struct session *session, const struct card *card, FILE *stream, bool coloured);
