/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "daemon/card.h"
#include "daemon/request.h"
#include "daemon/worker.h"

/*
 * Microseconds until a card that could not be held is tried again (that another program lets go
 * also shows in the reader's state, but not surely), and until a worker that has found nothing yet
 * is taken to be waiting behind another program.
 */
static const uint64_t look_again_after = 2 * 1000000ULL;
/*
 * A card that never answers as it should is tried ever less often, up to 2 s times two to the power
 * of this.
 */
static const unsigned int failures_that_slow = 5;

static void reader_start(struct reader *reader);

const char *reader_state_name(enum reader_state state)
{
	switch (state) {
	case READER_EMPTY:
		return "empty";
	case READER_CARD:
		return "card";
	case READER_MUTE:
		return "mute";
	case READER_BUSY:
		return "busy";
	case READER_UNAVAILABLE:
		return "unavailable";
	}
	return "unavailable";
}

static void reader_set(struct reader *reader, enum reader_state state, struct card *card)
{
	bool changed = reader->state != state || reader->card != card;

	reader->state = state;
	reader->card = card;
	if (!changed || !reader->object)
		return;
	object_changed(reader->object, &reader_interface, reader_changing_properties);
	manager_changed(reader->manager);
}

static void reader_settle(struct reader *reader)
{
	if (reader->settled)
		return;
	reader->settled = true;
	manager_reader_settled(reader->manager);
}

static void reader_let_card_go(struct reader *reader, enum reader_state state)
{
	struct card *card = reader->card;

	sd_event_source_set_enabled(reader->timer, SD_EVENT_OFF);
	reader_set(reader, state, NULL);
	if (!card)
		return;
	card_remove(card);
	requests_cancel(reader->manager, card, ANSWER_CARD_REMOVED);
	card_unref(card);
}

/* Lets go of what is in the reader; callers that still wait for it get @answer. */
static void reader_drop(struct reader *reader, enum reader_state state, int answer)
{
	reader_let_card_go(reader, state);
	reader->worker = worker_release(reader->worker, answer);
}

static int reader_export(struct reader *reader)
{
	CLEANUP(freep) char *path = NULL;
	int r = sd_bus_path_encode("/org/jpkid1/reader", reader->display_name, &path);

	return r < 0 ? r
		     : object_add(reader->manager->tree, path, reader_interfaces, reader,
				  &reader->object);
}

/* HasPinPad never changes while an object lives, so that a reader with a pad gets another one. */
static int reader_learn_pin_pad(struct reader *reader, bool has_pin_pad)
{
	if (reader->object && reader->has_pin_pad == has_pin_pad)
		return 0;
	reader->has_pin_pad = has_pin_pad;
	reader->object = object_remove(reader->object);
	return reader_export(reader);
}

static void reader_set_refused(struct reader *reader, bool refused)
{
	reader->refused = refused;
	manager_follow_pcsc(reader->manager);
}

static void on_found(const struct session_finding *finding, void *userdata)
{
	struct reader *reader = userdata;
	struct card *card = NULL;
	int r = reader_learn_pin_pad(reader, finding->has_pin_pad);

	if (r >= 0)
		r = card_new(reader->manager, object_path(reader->object), finding, reader->worker,
			     &card);
	if (r < 0)
		log_error("%s: the card cannot be shown on the bus: %s", reader->display_name,
			  strerror(-r));
	else
		log_info("%s: a JPKI card (%s) is in", reader->display_name,
			 jpki_type_name(finding->token.type));
	sd_event_source_set_enabled(reader->timer, SD_EVENT_OFF);
	reader->failures = 0;
	reader_set_refused(reader, false);
	reader_set(reader, READER_CARD, card);
	reader_settle(reader);
}

static void reader_look_again(struct reader *reader, uint64_t after)
{
	if (sd_event_source_set_time_relative(reader->timer, after) < 0 ||
	    sd_event_source_set_enabled(reader->timer, SD_EVENT_ONESHOT) < 0)
		log_warning("%s: no timer to look at the card again", reader->display_name);
}

/* The first time at once: after a lost answer the card itself is as a rule all right. */
static uint64_t time_after_failure(const struct reader *reader)
{
	unsigned int failures = reader->failures < failures_that_slow ? reader->failures
								      : failures_that_slow;

	return failures == 0 ? 0 : look_again_after << failures;
}

static void reader_failed(struct reader *reader, enum reader_state state, int answer)
{
	reader_drop(reader, reader->failures == 0 ? READER_EMPTY : state, answer);
	reader_look_again(reader, time_after_failure(reader));
	if (reader->failures++ == 1)
		log_warning("%s: the card does not answer as it should; take it out and put it in "
			    "again",
			    reader->display_name);
}

static enum reader_state state_without_card(const struct reader *reader)
{
	const struct pcsc_reader *seen = &reader->seen;

	if (seen->unavailable || (seen->present && reader->manager->asleep))
		return READER_UNAVAILABLE;
	return seen->mute ? READER_MUTE : READER_EMPTY;
}

static bool reader_is_usable(const struct reader *reader)
{
	const struct pcsc_reader *seen = &reader->seen;

	return seen->present && !seen->mute && !seen->unavailable && !reader->manager->asleep;
}

/* Whoever still waits for what was in it gets @answer. */
static void reader_begin(struct reader *reader, bool may_be_open, int answer)
{
	reader->may_be_open = may_be_open;
	reader->failures = 0;
	reader_drop(reader, state_without_card(reader), answer);
	if (reader_is_usable(reader))
		reader_start(reader);
	else
		reader_settle(reader);
}

static void on_ended(int answer, void *userdata)
{
	struct reader *reader = userdata;

	reader->worker = NULL; /* it is freed by who tells us */
	/* Whoever holds it may leave it verified, and what we did last may not have been closed. */
	reader->may_be_open = true;
	/* pcscd asks polkit first. What is broken here, or that pcscd is gone, tells nothing. */
	if (answer >= 0 && answer != ANSWER_PCSC_UNAVAILABLE)
		reader_set_refused(reader, answer == ANSWER_NOT_AUTHORIZED);
	if (answer == 0 || reader->manager->asleep)
		return reader_begin(reader, true, ANSWER_CARD_REMOVED);
	switch (answer) {
	case ANSWER_UNSUPPORTED_CARD:
		reader_drop(reader, READER_CARD, answer);
		break;
	case ANSWER_BUSY:
		reader_drop(reader, READER_BUSY, answer);
		reader_look_again(reader, look_again_after);
		break;
	case ANSWER_CARD_REMOVED:
	case ANSWER_PCSC_UNAVAILABLE:
		/* The watcher tells the rest; if it is in after all, it is taken up again. */
		reader_drop(reader, READER_EMPTY, answer);
		reader_look_again(reader, look_again_after);
		break;
	case ANSWER_NOT_AUTHORIZED:
		reader_failed(reader, READER_UNAVAILABLE, answer);
		break;
	default:
		if (answer < 0)
			log_error("%s: the card cannot be used: %s", reader->display_name,
				  strerror(-answer));
		reader_failed(reader, READER_MUTE, answer);
		break;
	}
	reader_settle(reader);
}

/* Out of service until the card is pulled. */
static void on_stuck(void *userdata)
{
	struct reader *reader = userdata;

	reader_drop(reader, READER_UNAVAILABLE, ANSWER_READER_ERROR);
	reader_settle(reader);
}

static const struct worker_events worker_events = {
	.found = on_found,
	.ended = on_ended,
	.stuck = on_stuck,
};

static void reader_start(struct reader *reader)
{
	const struct worker_options options = {
		.reader = reader->name,
		.label = reader->display_name,
		.exclusive = reader->manager->config->exclusive,
		.may_be_open = reader->may_be_open,
		.ledger = reader->manager->ledger,
	};
	int r = worker_new(reader->manager->mailbox, reader->manager->event, &options,
			   &worker_events, reader, &reader->worker);

	if (r < 0) {
		log_error("%s: the card cannot be taken up: %s", reader->display_name,
			  strerror(-r));
		reader_settle(reader);
	}
	reader_look_again(reader, look_again_after);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct reader *reader = userdata;

	if (reader->card || !reader_is_usable(reader))
		return 0;
	if (!reader->worker)
		reader_start(reader);
	else if (worker_is_kept_waiting(reader->worker))
		reader_set(reader, READER_BUSY, NULL);
	else
		reader_look_again(reader, look_again_after); /* it is only slow */
	return 0;
}

void reader_update(struct reader *reader, const struct pcsc_reader *seen)
{
	const bool other_card = seen->events != reader->seen.events;
	const bool was_usable = reader_is_usable(reader);

	reader->seen = *seen;
	if (!reader_is_usable(reader) || other_card)
		return reader_begin(reader, false, ANSWER_CARD_REMOVED);
	/* One that was in when it was first seen, or mute until another program had it. */
	if (!was_usable)
		return reader_begin(reader, true, ANSWER_CARD_REMOVED);
	if (!reader->worker && (reader->state == READER_EMPTY || reader->state == READER_BUSY))
		reader_start(reader);
}

void reader_take_anew(struct reader *reader)
{
	if (!reader->worker)
		return reader_begin(reader, true, ANSWER_CANCELLED);
	reader_let_card_go(reader, state_without_card(reader));
	worker_end(reader->worker, ANSWER_CANCELLED);
	reader_look_again(reader, look_again_after);
}

int reader_new(struct manager *manager, const struct pcsc_reader *seen, struct reader **ret_reader)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int r = -ENOMEM;

	if (!reader)
		return r;
	reader->manager = manager;
	memcpy(reader->name, seen->name, sizeof(reader->name));
	reader->display_name = strdup(seen->name);
	if (reader->display_name) {
		utf8_clean(reader->display_name);
		r = sd_event_add_time(manager->event, &reader->timer, CLOCK_MONOTONIC, 0, 0,
				      on_timer, reader);
	}
	if (r >= 0)
		r = sd_event_source_set_enabled(reader->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = reader_export(reader);
	if (r < 0) {
		reader_free(reader, ANSWER_CARD_REMOVED);
		return r;
	}
	*ret_reader = reader;
	reader->seen.events = seen->events;
	reader_update(reader, seen);
	return 0;
}

struct reader *reader_free(struct reader *reader, int answer)
{
	if (!reader)
		return NULL;
	reader_drop(reader, READER_EMPTY, answer);
	object_remove(reader->object);
	sd_event_source_disable_unref(reader->timer);
	free(reader->display_name);
	free(reader);
	return NULL;
}
