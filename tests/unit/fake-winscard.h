/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * winscard.h without pcscd: a list of readers that a test changes, and steps (tests/unit/fake-steps.h) with the names
 * of the functions without "SCard". A function that is told an answer does nothing. The limits are those of pcscd
 * before 2.5.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winscard.h>

enum {
	FAKE_READERS_MAX = 20,
	FAKE_NAME_SIZE = 160,
	FAKE_REQUEST_SIZE = 64,
	FAKE_VERIFY_CODE = 0x42330006, /* as libccid numbers them */
	FAKE_MODIFY_CODE = 0x42330007,
};

extern struct fake_pcscd {
	struct {
		char name[FAKE_NAME_SIZE];
		DWORD state; /* SCARD_STATE_…, and the count of events in the upper half */
	} readers[FAKE_READERS_MAX];
	size_t count;
	bool counts_plugs; /* as pcscd from 2.3 */
	DWORD plugs;
	DWORD protocol; /* of the card */

	/* What SCardControl answers: to the question for features, NULL is a driver that knows none; and to the rest. */
	const uint8_t *features;
	size_t features_length;
	const uint8_t *control_answer;
	size_t control_answer_length; /* over the room: a driver that claims more */
	/* What it was given last. */
	uint8_t request[FAKE_REQUEST_SIZE];
	size_t request_length;

	/* What happens while SCardGetStatusChange waits, one after the other; NULL ends. More waits are a failure. */
	void (*const *waits)(void);
	/* What happens right after the next SCardListReaders. */
	void (*race)(void);
} fake_pcscd;

/* No readers. Also resets the steps. */
void fake_winscard_reset(void);

/* The card's reader has a pad from the next SCardConnect on. */
void fake_plug_pad(void);

void fake_plug(const char *name, DWORD state);
void fake_unplug(const char *name);
void fake_set_state(const char *name, DWORD state);
