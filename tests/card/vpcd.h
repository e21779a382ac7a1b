/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket protocol of vsmartcard's libifdvpcd, card side: a TCP client of the reader. A message
 * is two bytes of length, big-endian, and a body. A body of one byte is a control code; a longer
 * one is a command APDU, to be answered with a message.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vpcd_control {
	VPCD_POWER_OFF = 0,
	VPCD_POWER_ON = 1,
	VPCD_RESET = 2,
	VPCD_GET_ATR = 4,	/* the only control that is answered */
};

enum {
	VPCD_LENGTH_LEN = 2,
	VPCD_BODY_MAX = 0xffff,
};

struct vpcd {
	uint16_t port;
	int fd;			/* -1 = not in a reader */
	bool connecting;	/* vpcd_connected() is to be asked when fd gets writable */
	size_t len;
	uint8_t buffer[VPCD_LENGTH_LEN + VPCD_BODY_MAX];
};

void vpcd_init(struct vpcd *vpcd, uint16_t port);
void vpcd_close(struct vpcd *vpcd);

/* Starts to connect to 127.0.0.1. 0, perhaps with connecting set, or negative errno. */
int vpcd_connect(struct vpcd *vpcd);

/* Ends what vpcd_connect() started. 0 or negative errno. */
int vpcd_connected(struct vpcd *vpcd);

/* Takes in what has come. 0, -ECONNRESET when the reader has closed, or another negative errno. */
int vpcd_receive(struct vpcd *vpcd);

/* Whether a whole message is there; its body stays valid until vpcd_drop(). */
bool vpcd_peek(const struct vpcd *vpcd, const uint8_t **ret_body, size_t *ret_len);

/* Drops the message that vpcd_peek() shows. */
void vpcd_drop(struct vpcd *vpcd);

/*
 * Sends one message, data then tail. 0 or negative errno; the connection is of no use after an
 * error.
 */
int vpcd_send(struct vpcd *vpcd, const uint8_t *data, size_t len, const uint8_t *tail,
	      size_t tail_len);
