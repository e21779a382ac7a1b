/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process sees to before anything else. */
#pragma once

/*
 * Opens /dev/null where a standard descriptor is closed, and in the direction that fails when it is
 * used: whoever started us so would otherwise have our messages written into the first socket that
 * we open. 0 or a negative errno.
 */
int process_fill_standard_streams(void);
