/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One command and its whole answer. Commands are encoded in locked memory, since any of them may
 * carry a PIN, and every buffer is wiped; the log gets header and lengths, never a body.
 */
#pragma once

#include "apdu/channel.h"
#include "apdu/command.h"
#include "apdu/response.h"

/*
 * Sends @command. 61xx is followed by GET RESPONSE and 6Cxx answered once with the right Le (ISO
 * 7816-4, 5.6); an answer that grows over RESPONSE_DATA_MAX or stops growing keeps its 61xx. 0: the
 * card has answered, with whatever status word. Otherwise the answers of channel.transmit() and
 * response_parse(), which become channel.fault, -EINVAL from command_encode(), or -ENOMEM without
 * locked memory. Where the channel has a fault nothing is sent, and this is it.
 *
 * A command that may spend a try (CHANGE REFERENCE DATA; VERIFY and RESET RETRY COUNTER with a
 * body) is sent once and followed by nothing, whatever the card says; when no answer arrives it is
 * ANSWER_OUTCOME_UNKNOWN.
 */
int exchange_send(struct channel *channel, const struct command *command,
		  struct response *ret_response);

/*
 * Sends once the header of @command with what a person types at the reader's pad behind it; the
 * channel has one. Beside 0: ANSWER_DISMISSED (cancelled), ANSWER_TIMEOUT (nothing was typed) or
 * ANSWER_PIN_FORMAT (a length out of range, a repetition that differs), which are the pad's own
 * words with nothing sent to the card; otherwise ANSWER_OUTCOME_UNKNOWN, and the channel has a
 * fault. Where it has one before, as exchange_send().
 */
int exchange_send_from_pad(struct channel *channel, const struct command *command,
			   const struct pin_entry *entry, struct response *ret_response);
