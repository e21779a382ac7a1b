/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PC/SC, as far as the daemon needs it. The only user of winscard.h: no type or code of PC/SC
 * passes.
 *
 * A struct pcsc belongs to one thread, because libpcsclite stalls every call of a process while two
 * threads use one context. pcsc_watch() belongs to the watcher's thread alone, because libpcsclite
 * before 2.0.1 keeps the reader states in one unlocked global. Everything here can block without
 * limit, while another program holds the card.
 *
 * Answers of all functions, beside -ENOMEM: ANSWER_PCSC_UNAVAILABLE (no pcscd; this context is
 * dead, open another), ANSWER_NOT_AUTHORIZED (pcscd refuses us: open, watch and connect only),
 * ANSWER_BUSY (another program holds the card), ANSWER_CARD_REMOVED, ANSWER_READER_ERROR (anything
 * else that a reader can do).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcsc;
struct pin_entry;

enum {
	PCSC_READERS_MAX = 16,
	PCSC_NAME_SIZE = 128, /* MAX_READERNAME, with the NUL */
};

int pcsc_open(struct pcsc **ret_pcsc);
struct pcsc *pcsc_close(struct pcsc *pcsc);
void pcsc_closep(struct pcsc **pcsc);

struct pcsc_reader {
	char name[PCSC_NAME_SIZE]; /* bytes as pcscd gives them: not checked to be UTF-8 */
	uint32_t state;            /* PC/SC's own word: only its change means something outside */
	bool present;              /* a card is in */
	bool mute;                 /* …and does not answer to power */
	bool unavailable;          /* the reader itself cannot be used */
	uint16_t events;           /* insertions and removals so far, modulo 65536 */
};

struct pcsc_readers {
	size_t count;
	struct pcsc_reader reader[PCSC_READERS_MAX];
};

/*
 * Waits until the readers or their states differ from @readers and writes the new ones there. A
 * context's first call does not wait.
 */
int pcsc_watch(struct pcsc *pcsc, struct pcsc_readers *readers);

struct pcsc_card;

/* Powers the card up if need be. Freed with pcsc_disconnect(), before its pcsc is closed. */
int pcsc_connect(struct pcsc *pcsc, const char *reader, bool exclusive,
		 struct pcsc_card **ret_card);
/* @power_off: whatever state the card holds is gone with it. Returns NULL. */
struct pcsc_card *pcsc_disconnect(struct pcsc_card *card, bool power_off);

/*
 * From begin to end no other program reaches the card. For an exclusive connection both do nothing.
 * A card that somebody has reset since is taken up again.
 */
int pcsc_begin(struct pcsc_card *card);
int pcsc_end(struct pcsc_card *card);

/* Power off and on, in the middle of a transaction: what was verified is not any more. */
int pcsc_power_cycle(struct pcsc_card *card);

/*
 * The reader has a pad at which a PIN can be typed that never reaches this machine (PC/SC part 10:
 * FEATURE_VERIFY_PIN_DIRECT); and a new one, too (FEATURE_MODIFY_PIN_DIRECT).
 */
bool pcsc_has_pin_pad(const struct pcsc_card *card);
bool pcsc_takes_new_pins(const struct pcsc_card *card);

/*
 * After a failed transmit: was the card pulled out? Waits until pcscd must have noticed. The card
 * is for nothing else then.
 */
bool pcsc_is_gone(struct pcsc_card *card);

/* For struct channel: @card is a struct pcsc_card. Returns as channel.transmit() is documented. */
int pcsc_transmit(void *card, const uint8_t *command, size_t command_length, uint8_t *response,
		  size_t *response_length);

/* For struct channel likewise: channel.transmit_from_pad(). */
int pcsc_transmit_from_pad(void *card, const uint8_t header[4], const struct pin_entry *entry,
			   uint8_t *response, size_t *response_length);
