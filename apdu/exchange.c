/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/exchange.h"

#include <errno.h>
#include <string.h>

#include "apdu/status.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"

static bool may_spend_try(const struct command *command)
{
	switch (command->ins) {
	case INS_VERIFY:
	case INS_RESET_RETRY_COUNTER:
		return command->length > 0;
	case INS_CHANGE_REFERENCE_DATA:
		return true;
	default:
		return false;
	}
}

static int receive(struct channel *channel, const struct secret *apdu,
		   struct response *ret_response)
{
	uint8_t received[RESPONSE_LENGTH_MAX];
	size_t length = sizeof(received);
	int r;

	r = channel->transmit(channel->reader, apdu->bytes, apdu->length, received, &length);
	if (r == 0)
		r = response_parse(received, length, ret_response);
	explicit_bzero(received, sizeof(received));
	channel->fault = r;
	return r;
}

static void log_unanswered(const struct channel *channel, const struct command *command)
{
	const struct log_fields fields = { .reader = channel->name };

	log_event(LOG_DEBUG, &fields, "%s: CLA %02X INS %02X P1 %02X P2 %02X, no answer",
		  channel->name, command->cla, command->ins, command->p1, command->p2);
}

/* The length of a PIN is not for the log either. */
static void log_secret_command(const struct channel *channel, const struct command *command,
			       uint16_t sw)
{
	const struct log_fields fields = { .reader = channel->name, .sw = sw };

	log_event(LOG_DEBUG, &fields, "%s: CLA %02X INS %02X P1 %02X P2 %02X, SW %04X",
		  channel->name, command->cla, command->ins, command->p1, command->p2, sw);
}

static void log_command(const struct channel *channel, const struct command *command,
			const struct response *response)
{
	const struct log_fields fields = { .reader = channel->name, .sw = response->sw };

	if (may_spend_try(command))
		return log_secret_command(channel, command, response->sw);
	log_event(LOG_DEBUG, &fields,
		  "%s: CLA %02X INS %02X P1 %02X P2 %02X, %zu bytes out, %zu in, SW %04X",
		  channel->name, command->cla, command->ins, command->p1, command->p2,
		  command->length, response->length, response->sw);
}

static int send_once(struct channel *channel, const struct command *command,
		     struct response *ret_response)
{
	CLEANUP(secret_freep) struct secret *apdu = NULL;
	int r;

	if (channel->fault != 0)
		return channel->fault;
	apdu = secret_new(COMMAND_LENGTH_MAX);
	if (!apdu)
		return -ENOMEM;
	r = command_encode(command, apdu->bytes, &apdu->length);
	if (r < 0)
		return r;

	r = receive(channel, apdu, ret_response);
	if (r != 0) {
		log_unanswered(channel, command);
		return may_spend_try(command) ? ANSWER_OUTCOME_UNKNOWN : r;
	}
	log_command(channel, command, ret_response);
	return 0;
}

static int send_with_right_le(struct channel *channel, const struct command *command,
			      struct response *ret_response)
{
	struct command again = *command;
	int r;

	r = send_once(channel, command, ret_response);
	if (r != 0 || command->le == 0 || !status_has_right_le(ret_response->sw, &again.le))
		return r;
	return send_once(channel, &again, ret_response);
}

static int receive_rest(struct channel *channel, struct response *response)
{
	struct command get_response = { .cla = CLA_INTERINDUSTRY, .ins = INS_GET_RESPONSE };

	while (status_has_more(response->sw, &get_response.le)) {
		CLEANUP(response_wipe) struct response more = { 0 };
		int r;

		r = send_with_right_le(channel, &get_response, &more);
		if (r != 0)
			return r;
		if (!response_append(response, &more) || more.length == 0)
			break;
	}
	return 0;
}

int exchange_send(struct channel *channel, const struct command *command,
		  struct response *ret_response)
{
	CLEANUP(response_wipe) struct response response = { 0 };
	int r;

	if (may_spend_try(command)) {
		r = send_once(channel, command, &response);
	} else {
		r = send_with_right_le(channel, command, &response);
		if (r == 0)
			r = receive_rest(channel, &response);
	}
	if (r != 0)
		return r;
	*ret_response = response;
	return 0;
}

int exchange_send_from_pad(struct channel *channel, const struct command *command,
			   const struct pin_entry *entry, struct response *ret_response)
{
	const uint8_t header[] = { command->cla, command->ins, command->p1, command->p2 };
	CLEANUP(response_wipe) struct response response = { 0 };
	uint8_t received[RESPONSE_LENGTH_MAX];
	size_t length = sizeof(received);
	int r;

	if (channel->fault != 0)
		return channel->fault;
	r = channel->transmit_from_pad(channel->reader, header, entry, received, &length);
	if (r == 0)
		r = response_parse(received, length, &response);
	channel->fault = r;
	if (r != 0) {
		log_unanswered(channel, command);
		return ANSWER_OUTCOME_UNKNOWN;
	}
	log_secret_command(channel, command, response.sw);
	r = status_pad_answer(response.sw);
	if (r != 0)
		return r;
	*ret_response = response;
	return 0;
}
