/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formats of the two PINs and of the reset code. What cannot be right is refused here, before
 * it costs a try.
 */
#pragma once

#include "apdu/jpki.h"
#include "base/secret.h"

enum {
	PIN_LENGTH_MAX = 16,
	PIN_RESET_CODE_LENGTH_MAX = 16,
};

/*
 * auth: exactly 4 ASCII digits. sign: 6 to 16 of A-Z 0-9, at least one letter and one digit; lower
 * case becomes upper case in place, because the card compares bytes and the official client does
 * so. Returns 0 or ANSWER_PIN_FORMAT (the bytes are then untouched).
 */
int pin_normalise(enum jpki_applet applet, struct secret *pin);

/* How long a PIN of the applet is. */
void pin_lengths(enum jpki_applet applet, size_t *ret_min, size_t *ret_max);

/* 1 to PIN_RESET_CODE_LENGTH_MAX visible ASCII characters. 0 or ANSWER_PIN_FORMAT. */
int pin_check_reset_code(const struct secret *code);
