/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Readers with a pad of their own: the bytes of PC/SC part 10, "IFDs with Secure PIN Entry
 * Capabilities", that go through SCardControl.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apdu/channel.h"

enum {
	PIN_PAD_FEATURES_LENGTH_MAX = 256,
	PIN_PAD_REQUEST_LENGTH_MAX = 29,
};

/* The control codes of the two features. */
struct pin_pad {
	uint32_t verify_pin_direct;
	uint32_t modify_pin_direct; /* 0: this pad takes no new PINs */
};

/*
 * Finds them in the reader's list of features, the answer to CM_IOCTL_GET_FEATURE_REQUEST (2.2).
 * False, and nothing written: the first is missing, or that is no such list.
 */
bool pin_pad_parse(const uint8_t *features, size_t length, struct pin_pad *ret_pad);

/* The control code, which there is, for what is asked with pin_pad_request(). */
uint32_t pin_pad_control_code(const struct pin_pad *pad, const struct pin_entry *entry);

/*
 * PIN_VERIFY_STRUCTURE (2.5.2), or for a new PIN PIN_MODIFY_STRUCTURE (2.5.3), for a command that
 * begins with @header and whose data field is what is typed: ASCII, left justified, as long as it
 * is. @ret_request has room for PIN_PAD_REQUEST_LENGTH_MAX; returns the bytes written.
 */
size_t pin_pad_request(const uint8_t header[4], const struct pin_entry *entry,
		       uint8_t *ret_request);
