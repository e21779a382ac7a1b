/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JPKI application and its security state: a command APDU goes in, an answer comes out. Where
 * cards are known or thought to differ, struct card_traits says how this one behaves.
 *
 * Choices where the facts are silent: every form with a short EF identifier makes that EF the
 * current one; a wrong VERIFY ends the verified state of its PIN; a changed PIN stays verified; a
 * reset PIN is not verified; a warm reset keeps the verified state but deselects application and
 * EF; an empty RESET RETRY COUNTER tells the tries of the reset code; outside the JPKI application
 * only SELECT by AID is known.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/card/bytes.h"
#include "tests/card/command.h"
#include "tests/card/ef.h"
#include "tests/card/pins.h"
#include "tests/card/pki.h"

enum {
	CARD_REPLACED_MAX = 8,
};

/* What kind of thing holds the application. */
struct card_type {
	const char *name;	/* for the command line */
	const char *label;	/* of EF 0006 */
	const char *next_label;	/* the same of a card with a reset code; NULL = none of that type */
	bool phone;		/* EF 000A needs the auth PIN; no applications of the city */
	bool last_command;	/* answers 80 FC 00 00 */
};

struct card_traits {
	const struct card_type *type;
	bool child;			/* no sign certificate */
	bool not_jpki;			/* no JPKI application at all */
	bool no_short_ef;		/* forms with a short EF identifier are refused */
	bool query_9000;		/* the empty VERIFY answers 9000 while verified */
	bool first_6f00;		/* the first command after power-up answers 6F00 */
	bool le_6cxx, get_response;	/* T=0 habits, on every answer with data */
	bool end_6282;			/* a read that comes to the file's end says so */
	bool corrupt_signature, wrong_key;
	unsigned blocked_sw;
	unsigned filler;		/* bytes of FF after each certificate */
	unsigned read_max;		/* of one READ BINARY; 0 = nothing is read, with 9000 */
	struct card_replaced {
		uint16_t ef;
		const char *path;
	} replaced[CARD_REPLACED_MAX];	/* content for data EFs, taken as it is, without filler */
	size_t replaced_count;
};

struct card {
	const struct card_traits *traits;
	const struct pki *pki;
	struct pins *pins;
	struct bytes content[EF_COUNT];
	bool powered, first_command;
	bool jpki_selected;
	const struct ef *current;	/* NULL = none */
	struct answer held;		/* what GET RESPONSE will give; sw = the command's own */
};

/* The card type of that name; NULL when there is none. */
const struct card_type *card_type_find(const char *name);

/* Fills the EFs. traits, pki and pins are borrowed. 0, or negative errno of a replacement file. */
int card_open(struct card *card, const struct card_traits *traits, const struct pki *pki,
	      struct pins *pins);
void card_clear(struct card *card);

/* Power on of a powered card changes nothing. */
void card_power_on(struct card *card);
void card_power_off(struct card *card);
void card_reset(struct card *card);

/* Runs one command. A card without power is mute: the answer has SW 0000. */
void card_run(struct card *card, const struct command *command, struct answer *answer);
