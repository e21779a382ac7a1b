/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/text.h"

void text_clean(char *text)
{
	for (unsigned char *byte = (unsigned char *)text; *byte; byte++) {
		if (*byte < 0x20 || *byte == 0x7F)
			*byte = '?';
		else if (byte[0] == 0xC2 && byte[1] >= 0x80 &&
			 byte[1] < 0xA0) /* U+0080 to U+009F */
			byte[0] = byte[1] = '?';
	}
}
