/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of the application, for apdu/jpki*.c only. A command names its EF in one of two forms:
 * a short EF identifier in P1 or P2 (ISO 7816-4, 7.3.1), which saves the SELECT, or none after a
 * SELECT. Every function: 0 when the card has answered, with jpki->ins and jpki->sw set; otherwise
 * what exchange_send() says.
 */
#pragma once

#include "apdu/command.h"
#include "apdu/jpki.h"
#include "apdu/response.h"

enum {
	P2_CURRENT_REFERENCE = 0x80, /* specific reference data, that of the current EF */
};

int jpki_file_send(struct jpki *jpki, const struct command *command, struct response *ret_response);

/* Likewise what exchange_send_from_pad() does, with its answers. */
int jpki_file_send_from_pad(struct jpki *jpki, const struct command *command,
			    const struct pin_entry *entry, struct response *ret_response);

int jpki_file_select_application(struct jpki *jpki, const uint8_t *aid, size_t length);

/* Makes @ef the current EF; sends nothing and sets STATUS_SUCCESS where it already is. */
int jpki_file_select(struct jpki *jpki, uint16_t ef);

/* P1 or P2 that names @ef in the short form. */
uint8_t jpki_file_short_reference(uint16_t ef);

/*
 * Sends @command, whose byte at @reference names @ef: in the short form while the card is thought
 * to know it, and after SELECT where that is refused. The plain form's value is what @reference has
 * on entry. Only for commands that may be sent twice. A refused SELECT is in jpki->sw, and
 * *ret_response is then empty.
 */
int jpki_file_refer(struct jpki *jpki, uint16_t ef, struct command *command, uint8_t *reference,
		    struct response *ret_response);

/* READ BINARY of @le bytes of @ef from its beginning, and from @offset after that. */
int jpki_file_read(struct jpki *jpki, uint16_t ef, size_t le, struct response *ret_response);
int jpki_file_read_on(struct jpki *jpki, uint16_t ef, size_t offset, size_t le,
		      struct response *ret_response);
