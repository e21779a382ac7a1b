/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of any length from a format: asprintf(3), whose result is there or NULL. */
#pragma once

#include <stdarg.h>

/* The caller's to free; NULL: no memory. */
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *format_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
