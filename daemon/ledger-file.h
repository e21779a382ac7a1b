/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A card's page in the state directory: CARD.ledger. Whatever happens meanwhile, that file is the
 * old page or the new one. The caller sees to it that only one of these runs at a time.
 */
#pragma once

#include "base/log.h"
#include "daemon/ledger-page.h"

/* Of the lines that say why no PIN can be used. */
extern const struct log_fields ledger_unusable;

/*
 * No file is an empty page. -EBADMSG: what is there is not a page of this card that only we could
 * have written. Another negative errno: it cannot be read, and a line in the log says so.
 */
int ledger_file_read(const struct ledger *ledger, struct ledger_page *ret_page);

/*
 * Writes the page, or removes the file if there is nothing to remember. If @durable, it is on the
 * disk when this returns 0. A negative errno after a line in the log.
 */
int ledger_file_store(const struct ledger *ledger, const struct ledger_page *page, bool durable);

/*
 * Puts the page, which must not be empty, into the place of what ledger_file_read() refused;
 * that becomes CARD.ledger.set-aside. Durable. A negative errno after a line in the log.
 */
int ledger_file_replace(const struct ledger *ledger, const struct ledger_page *page);
