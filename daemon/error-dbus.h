/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results become errors on the bus here and nowhere else. */
#pragma once

#include "daemon/card.h"
#include "dbus/call.h"

/*
 * Ends @call with the error that says @result (an answer or a negative errno), in a sentence that
 * tells what to do.
 * @applet is the one that was called; @job says more where there is one, and may be NULL.
 */
void call_fail_result(struct call *call, int result, const struct applet *applet,
		      const struct job *job);
