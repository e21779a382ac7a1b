/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every fuzzer has: libFuzzer calls it with what it makes up, replay.c with its corpus. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Not assert(): NDEBUG must not silence a fuzzer. */
#define HOLDS(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)
