/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of others that a terminal is going to show. */
#pragma once

/* Puts '?' in the place of control characters (Unicode's Cc); the length stays. @text is UTF-8. */
void text_clean(char *text);
