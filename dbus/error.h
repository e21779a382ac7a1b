/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that answers have on the bus. */
#pragma once

#include "base/error.h"

/* "org.jpkid1.Error.PinLocked" and so on; static. Unknown values: that of ANSWER_FAILED. */
const char *error_name(enum answer answer);

/*
 * The answer that has this name on the bus; ANSWER_FAILED for names that this project does not
 * know.
 */
enum answer error_answer(const char *name);
