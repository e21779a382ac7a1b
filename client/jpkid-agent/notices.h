/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells the user, once each and also while the card is in a drawer, that the certificate of a card
 * can be renewed, will end soon or has ended; and when a PIN has become locked. Of the holder
 * nothing is shown: others may see the screen.
 */
#pragma once

#include "client/jpkid-agent/cards.h"

struct notices;

/* 0 or a negative errno. Nothing is told before notices_catch_up(). */
int notices_new(sd_event *event, struct notices **ret_notices);
/* Before the bus over which certificates are looked at. NULL is allowed; returns NULL. */
struct notices *notices_free(struct notices *notices);

/* Looks at the certificate, if that takes no PIN. */
void notices_look(struct notices *notices, struct cards *cards, const struct applet *applet);

/* Tells what is due by what is known, as soon as all that was looked at is known. */
void notices_catch_up(struct notices *notices);

void notices_tell_locked(struct notices *notices, const struct label *label, enum advice advice);
