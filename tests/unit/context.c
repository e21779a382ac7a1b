/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/context.h"

#include <errno.h>
#include <stdlib.h>

const struct context_row context_rows[CONTEXT_ROWS] = {
	{ SCARD_F_COMM_ERROR, ANSWER_PCSC_UNAVAILABLE },
	{ SCARD_E_NO_SERVICE, ANSWER_PCSC_UNAVAILABLE },
	{ SCARD_E_SERVICE_STOPPED, ANSWER_PCSC_UNAVAILABLE },
	{ SCARD_E_INVALID_HANDLE, ANSWER_PCSC_UNAVAILABLE },
	{ SCARD_W_SECURITY_VIOLATION, ANSWER_NOT_AUTHORIZED },
	{ SCARD_E_SHARING_VIOLATION, ANSWER_BUSY },
	{ SCARD_W_REMOVED_CARD, ANSWER_CARD_REMOVED },
	{ SCARD_E_NO_SMARTCARD, ANSWER_CARD_REMOVED },
	{ SCARD_E_READER_UNAVAILABLE, ANSWER_CARD_REMOVED },
	{ SCARD_E_INVALID_VALUE, ANSWER_CARD_REMOVED },
	{ SCARD_E_UNKNOWN_READER, ANSWER_CARD_REMOVED },
	{ SCARD_F_INTERNAL_ERROR, ANSWER_READER_ERROR },
	{ SCARD_E_NOT_TRANSACTED, ANSWER_READER_ERROR },
	{ SCARD_E_PROTO_MISMATCH, ANSWER_READER_ERROR },
	{ SCARD_E_INSUFFICIENT_BUFFER, ANSWER_READER_ERROR },
	{ SCARD_W_UNPOWERED_CARD, ANSWER_READER_ERROR },
	{ SCARD_W_UNRESPONSIVE_CARD, ANSWER_READER_ERROR },
	{ SCARD_W_UNSUPPORTED_CARD, ANSWER_READER_ERROR },
	{ SCARD_E_NO_MEMORY, -ENOMEM },
};

int context_answer_in_use(const struct context_row *row)
{
	return row->answer == ANSWER_NOT_AUTHORIZED ? ANSWER_PCSC_UNAVAILABLE : row->answer;
}

struct pcsc_card *context_connect(struct context *context, bool exclusive)
{
	assert_int_equal(pcsc_connect(context->pcsc, "A", exclusive, &context->card), 0);
	fake_reset();
	return context->card;
}

void context_disconnect(struct context *context)
{
	context->card = pcsc_disconnect(context->card, false);
}

int context_set_up(void **state)
{
	struct context *context = calloc(1, sizeof(*context));

	fake_winscard_reset();
	if (!context || pcsc_open(&context->pcsc) != 0)
		return -1;
	fake_reset();
	*state = context;
	return 0;
}

int context_tear_down(void **state)
{
	struct context *context = *state;

	context_disconnect(context);
	pcsc_close(context->pcsc);
	free(context);
	return 0;
}
