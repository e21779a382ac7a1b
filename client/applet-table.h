/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines that show a card's two applets. */
#pragma once

#include <stdio.h>

#include "client/session.h"

/* Asks the card for the tries of both; where it does not tell, they stay as they are. */
void applet_table_ask(struct session *session, const struct card *card);

/* Prints a line for each, and below it what to do where the PIN is locked. */
void applet_table_print(struct session *session, const struct card *card, FILE *stream);
