/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One PC/SC reader: what is in it, and who holds that. */
#pragma once

#include "daemon/manager.h"

struct card;

enum reader_state {
	READER_EMPTY,
	READER_CARD,
	READER_MUTE,
	READER_BUSY,
	READER_UNAVAILABLE,
};

struct reader {
	struct manager *manager;
	struct object *object;
	char name[PCSC_NAME_SIZE]; /* pcscd's bytes */
	char *display_name;        /* the same after utf8_clean() */
	enum reader_state state;
	bool has_pin_pad;          /* seen with the first card */
	struct pcsc_reader seen; /* the watcher's last word */
	bool may_be_open;      /* the card was in before we held it, or an answer of it was lost */
	bool settled;          /* what is in it is known */
	bool refused;          /* pcscd does not let us have a card that is in it */
	unsigned int failures; /* attempts to take hold of this card so far */
	struct worker *worker; /* NULL: none */
	struct card *card;     /* NULL: no JPKI card */
	sd_event_source *timer;
};

int reader_new(struct manager *manager, const struct pcsc_reader *seen, struct reader **ret_reader);
/*
 * Lets the card go and takes the object off the bus. @answer is what waiting callers get. Returns
 * NULL.
 */
struct reader *reader_free(struct reader *reader, int answer);

/* Follows what the watcher has seen. */
void reader_update(struct reader *reader, const struct pcsc_reader *seen);

/*
 * Lets the card go, and takes up what is in the reader, as one that others may have touched, when
 * that is done; while the manager is asleep nothing, and a reader with a card is unavailable.
 * Callers that still wait get ANSWER_CANCELLED.
 */
void reader_take_anew(struct reader *reader);

const char *reader_state_name(enum reader_state state);

extern const struct interface reader_interface; /* reader-dbus.c */
extern const struct interface *const reader_interfaces[];
extern const char *const reader_changing_properties[];
