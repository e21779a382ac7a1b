/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same facts for programs: JSON (RFC 8259). json-*.c are all that jpkictl has of jansson. */
#pragma once

#include <stdio.h>

#include "client/cms/verification.h"
#include "client/description.h"
#include "client/jpkictl/diagnosis.h"
#include "client/jpkictl/event.h"
#include "client/jpkictl/session.h"

/* Each prints one value and a newline; an event is one line. False: no memory. */
bool json_print_status(struct session *session, FILE *stream);
bool json_print_pins(struct session *session, const struct card *card, FILE *stream);
bool json_print_description(const struct description *description, FILE *stream);
bool json_print_verification(const struct verification *verification, FILE *stream);
bool json_print_diagnosis(const struct diagnosis *diagnosis, FILE *stream);
bool json_print_event(const struct event *event, FILE *stream);
