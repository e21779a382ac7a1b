/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Card readers that are plugged in at USB, and whether pcscd has a driver for them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	USB_NAME_SIZE = 64,
	DRIVER_VERSION_SIZE = 16,
};

/* The earlier, the nearer to being usable. */
enum usb_driver {
	USB_DRIVER_THERE,   /* one of pcscd's drivers knows the reader */
	USB_DRIVER_UNAWARE, /* those that are installed do not */
	USB_DRIVER_MISSING, /* none is installed: libccid is missing */
	USB_DRIVER_NEVER,   /* pcscd has none for such a reader */
};

struct usb_reader {
	uint16_t vendor, product;
	char name[USB_NAME_SIZE]; /* UTF-8, fit for a terminal; empty: it tells none */
	enum usb_driver driver;
	char libccid_version[DRIVER_VERSION_SIZE]; /* empty: not known */
};

/* The reader that is nearest to being usable. False: none is plugged in. */
bool usb_find_reader(struct usb_reader *ret_reader);
