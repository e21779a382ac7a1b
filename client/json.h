/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same facts for programs. All that jpkictl has of jansson. */
#pragma once

#include <stdio.h>

#include "client/certificate.h"
#include "client/session.h"

/* Each prints one JSON value and a newline. False: no memory. */
bool json_print_status(struct session *session, FILE *stream);
bool json_print_pins(struct session *session, const struct card *card, FILE *stream);
bool json_print_description(const struct description *description, FILE *stream);
