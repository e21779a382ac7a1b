/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a request may go on: what can be refused at once, polkit, and then the PIN's way in. */
#pragma once

#include "daemon/request.h"

/* Goes on with a filled job; owns the request. It ends by itself. */
void admission_run(struct request *request);
