/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/field.h"

#include <poll.h>

enum {
	RETRY_US = 100 * 1000,
	DROP_OUT_US = 1000 * 1000,	/* pcscd looks every 400 ms, and must see it */
	US_PER_MS = 1000,
};

/* The contact ATR of a My Number Card; OpenSC's jpki driver knows it. */
static const uint8_t atr[] = {0x3b, 0xe0, 0x00, 0xff, 0x81, 0x31, 0xfe, 0x45, 0x14};
/* Longer than any may be (ISO 7816-3). */
static const uint8_t no_atr[34];

void field_init(struct field *field, struct card *card, struct record *record, uint16_t port,
		unsigned delay_ms)
{
	*field = (struct field){
		.card = card,
		.record = record,
		.inserted = true,
		.delay_ms = delay_ms,
	};
	vpcd_init(&field->reader, port);
}

static void field_leave(struct field *field)
{
	bool was_in = field->reader.fd >= 0 && !field->reader.connecting;
	const uint8_t *body;
	size_t len;

	if (field->pending && vpcd_peek(&field->reader, &body, &len)) {
		struct command unanswered = command_parse(body, len);

		record_apdu(field->record, &unanswered, NULL);
	}
	if (was_in)
		record_event(field->record, "pull");
	card_power_off(field->card);
	vpcd_close(&field->reader);
	field->pending = false;
	field->faulted = false;
	field->retry_us = record_now_us() + RETRY_US;
}

void field_pull(struct field *field)
{
	field->inserted = false;
	field_leave(field);
}

void field_insert(struct field *field)
{
	field->inserted = true;
	field->retry_us = 0;
}

void field_resume(struct field *field)
{
	field->hanging = field->mute = false;
}

int field_fd(const struct field *field)
{
	return field->reader.fd;
}

short field_events(const struct field *field)
{
	if (field->reader.connecting)
		return POLLOUT;
	return field->pending ? POLLRDHUP : POLLIN;
}

int field_timeout_ms(const struct field *field)
{
	uint64_t now = record_now_us(), at;

	if (field->reader.fd < 0 && field->inserted)
		at = field->retry_us;
	else if (field->pending && !field->hanging)
		at = field->due_us;
	else
		return -1;
	return at <= now ? 0 : (int)((at - now + US_PER_MS - 1) / US_PER_MS);
}

/* r is the result of connecting. The field gives power before the reader asks for it. */
static void field_enter(struct field *field, int r)
{
	if (r < 0) {
		field->retry_us = record_now_us() + RETRY_US;
	} else if (!field->reader.connecting) {
		record_event(field->record, "insert");
		card_power_on(field->card);
	}
}

static void serve_control(struct field *field, uint8_t control)
{
	switch (control) {
	case VPCD_POWER_OFF:
		record_event(field->record, "power-off");
		card_power_off(field->card);
		break;
	case VPCD_POWER_ON:
		record_event(field->record, "power-on");
		card_power_on(field->card);
		break;
	case VPCD_RESET:
		record_event(field->record, "reset");
		card_reset(field->card);
		break;
	case VPCD_GET_ATR:
		if (vpcd_send(&field->reader, field->mute ? no_atr : atr,
			      field->mute ? sizeof(no_atr) : sizeof(atr), NULL, 0) < 0)
			field_leave(field);
		break;
	}
}

static void send_answer(struct field *field, const struct answer *answer)
{
	const uint8_t sw[] = {(uint8_t)(answer->sw >> 8), (uint8_t)answer->sw};
	bool mute = answer->sw == 0;

	field->pending = false;
	field->faulted = false;
	vpcd_drop(&field->reader);
	if (vpcd_send(&field->reader, answer->data, answer->len, sw, mute ? 0 : sizeof(sw)) < 0)
		field_leave(field);
}

/* What comes of an APDU that the fault has hit; only FAULT_HANG lets it go on, later. */
static void suffer(struct field *field, const struct fault *fault, const struct command *command)
{
	struct answer answer = {.sw = fault->sw};

	switch (fault->action) {
	case FAULT_PULL:
		field_pull(field);
		break;
	case FAULT_POWER_LOSS:
		field_leave(field);
		field->retry_us = record_now_us() + DROP_OUT_US;
		break;
	case FAULT_HANG:
		field->hanging = true;
		break;
	case FAULT_SW:
		record_apdu(field->record, command, &answer);
		send_answer(field, &answer);
		break;
	}
}

static void apdu_arrives(struct field *field, const struct command *command)
{
	field->count++;
	field->pending = true;
	field->due_us = record_now_us() + (uint64_t)field->delay_ms * US_PER_MS;
	field->faulted = faults_take(&field->faults, command->ins, &field->fault);
	if (field->faulted && !field->fault.after) {
		field->faulted = false;
		suffer(field, &field->fault, command);
	}
}

static void run_apdu(struct field *field, const struct command *command)
{
	struct answer answer;

	card_run(field->card, command, &answer);
	if (field->faulted) {
		suffer(field, &field->fault, command);
		return;
	}
	record_apdu(field->record, command, &answer);
	send_answer(field, &answer);
}

/* Serves the message at the head. Whether to look at the next one. */
static bool serve_message(struct field *field)
{
	struct command command;
	const uint8_t *body;
	size_t len;

	if (field->reader.fd < 0 || !vpcd_peek(&field->reader, &body, &len))
		return false;
	if (len == 0) {
		vpcd_drop(&field->reader);
		return true;
	}
	if (len == 1) {
		uint8_t control = body[0];

		vpcd_drop(&field->reader);
		serve_control(field, control);
		return true;
	}

	command = command_parse(body, len);
	if (!field->pending) {
		apdu_arrives(field, &command);
		return true;
	}
	if (field->hanging || record_now_us() < field->due_us)
		return false;
	run_apdu(field, &command);
	return true;
}

void field_run(struct field *field, short revents)
{
	if (field->reader.fd < 0) {
		if (field->inserted && record_now_us() >= field->retry_us)
			field_enter(field, vpcd_connect(&field->reader));
	} else if (field->reader.connecting) {
		if (revents)
			field_enter(field, vpcd_connected(&field->reader));
	} else if (field->pending && revents & (POLLRDHUP | POLLHUP | POLLERR)) {
		field_leave(field);
	} else if (!field->pending && revents && vpcd_receive(&field->reader) < 0) {
		field_leave(field);
	}
	while (serve_message(field))
		;
}
