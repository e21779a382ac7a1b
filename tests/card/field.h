/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reader's field: the card goes in and out of it, gets power and commands through it, and is
 * disturbed in it. A lost connection is a card out of the field, so its security state is gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/card/card.h"
#include "tests/card/fault.h"
#include "tests/card/record.h"
#include "tests/card/vpcd.h"

struct field {
	struct card *card;
	struct record *record;
	struct vpcd reader;
	bool inserted;		/* what the holder wants; the reader may still be missing */
	bool hanging;
	bool mute;
	unsigned delay_ms;
	unsigned long count;	/* of APDUs that came */
	struct faults faults;
	bool pending;		/* the APDU at the head of reader has come and waits */
	bool faulted;		/* fault is for the pending APDU, after it is run */
	struct fault fault;
	uint64_t due_us;	/* when the pending APDU is run */
	uint64_t retry_us;	/* when to connect again */
};

/* card and record are borrowed. The card is inserted, but connects in field_run() only. */
void field_init(struct field *field, struct card *card, struct record *record, uint16_t port,
		unsigned delay_ms);

void field_insert(struct field *field);
void field_pull(struct field *field);
void field_resume(struct field *field);

/*
 * For poll(): the descriptor (or -1), its events, and the time in ms until field_run() has work
 * without them (or -1).
 */
int field_fd(const struct field *field);
short field_events(const struct field *field);
int field_timeout_ms(const struct field *field);

/* Does all that can be done now. */
void field_run(struct field *field, short revents);
