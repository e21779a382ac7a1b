/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a PIN gets a successor. */
#pragma once

#include "client/jpkictl/command.h"

/* With the PIN that holds, or with the card's reset code. 0 or an enum failure. */
int new_pin_change(const struct arguments *arguments);
int new_pin_reset(const struct arguments *arguments);
