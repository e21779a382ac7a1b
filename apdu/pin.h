/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formats of the two PINs. A PIN that cannot be right is refused here, before it costs a try.
 */
#pragma once

#include "apdu/jpki.h"
#include "base/secret.h"

enum {
	PIN_LENGTH_MAX = 16,
};

/*
 * auth: exactly 4 ASCII digits. sign: 6 to 16 of A-Z 0-9, at least one letter and one digit; lower
 * case becomes upper case in place, because the card compares bytes and the official client does
 * so. Returns 0 or ANSWER_PIN_FORMAT (the bytes are then untouched).
 */
int pin_normalise(enum jpki_applet applet, struct secret *pin);
