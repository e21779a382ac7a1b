/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service says of a certificate, in a person's words. */
#pragma once

#include <stdio.h>
#include <time.h>

#include "client/description.h"
#include "client/label.h"

/* Of the certificate of that applet's holder, or of its issuer. 0 or -ENOMEM. */
int explanation_print(const struct description *description, const struct label *label,
		      bool of_issuer, time_t now, FILE *stream);
