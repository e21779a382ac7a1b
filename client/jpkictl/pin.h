/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PINs and reset codes: where they come from, and the descriptor by which they reach the service,
 * which knows what is right.
 */
#pragma once

#include "base/secret.h"
#include "client/inventory.h"
#include "client/jpkictl/terminal.h"
#include "client/label.h"

enum {
	PIN_ASK_MAX = 3, /* times for the same, all in all */
};

/*
 * From descriptor @fd, up to its end; one newline there is dropped. @what it is, for messages.
 * *ret_secret is the caller's to free. 0 or an enum failure.
 */
int pin_read(int fd, const char *what, struct secret **ret_secret);

/*
 * From the person at @terminal, likewise: 0 or an enum failure. The PIN, for who is told how many
 * tries are left; 0 with *ret_pin NULL: it is not wanted any more, as @watch has it.
 */
int pin_ask(int terminal, const struct label *label, int32_t tries_left, uint8_t tries_max,
	    const struct terminal_watch *watch, struct secret **ret_pin);
/* The new PIN, twice, until they are the same, but not the @old one (NULL: it is not known). */
int pin_ask_new(int terminal, const struct label *label, const struct secret *old,
		struct secret **ret_pin);
int pin_ask_reset_code(int terminal, struct secret **ret_code);

/* May one of the last @tries_left tries be used of @what, in the person's language? */
int pin_ask_consent(int terminal, const char *what, uint32_t tries_left);

/* Sends the person to the reader, to type the PIN there, and a new one where it @is_change. */
int pin_send_to_pad(int terminal, const struct applet *applet, const struct label *label,
		    bool is_change);

/* The read end of a pipe that holds the secret and then ends; or a negative errno. */
int pin_to_descriptor(const struct secret *secret);
