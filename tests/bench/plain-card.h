/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A card as a program without the daemon sees it: PC/SC and nothing in between. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winscard.h>

enum {
	PLAIN_SW_SUCCESS = 0x9000,
	PLAIN_SW_MAX = 0xFFFF,
};

struct plain_card {
	SCARDCONTEXT context;
	SCARDHANDLE handle;
};

/* Ends the program when pcscd cannot be reached. */
void plain_card_init(struct plain_card *card);

/* @share_mode: SCARD_SHARE_EXCLUSIVE or SCARD_SHARE_SHARED. Returns what PC/SC does. */
LONG plain_card_connect(struct plain_card *card, const char *reader, DWORD share_mode);

/*
 * Returns the status word, or what PC/SC does (above PLAIN_SW_MAX) when there is none. The answer's
 * data is dropped.
 */
LONG plain_card_send(const struct plain_card *card, const uint8_t *command, size_t length);

/* Whether this is a status word. */
static inline bool plain_card_answered(LONG sw)
{
	return (DWORD)sw <= PLAIN_SW_MAX;
}

#define PLAIN_CARD_SEND(card_, ...)                                                                \
	plain_card_send(card_, (const uint8_t[]){ __VA_ARGS__ },                                   \
			sizeof((const uint8_t[]){ __VA_ARGS__ }))
