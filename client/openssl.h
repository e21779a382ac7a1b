/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that jpkictl has of OpenSSL. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Hashes what @fd gives up to its end, in constant memory. @algorithm is OpenSSL's name; @size is
 * at least 64. 0, or a negative errno: of read(2), or -EOPNOTSUPP (OpenSSL does not do it).
 */
int digest_descriptor(int fd, const char *algorithm, uint8_t *digest, size_t size,
		      size_t *ret_length);

/* As PEM (RFC 7468) to @stream. 0 or -ENOMEM. */
int certificate_print_pem(const uint8_t *der, size_t length, FILE *stream);

/* In OpenSSL's words to @stream, fit for a terminal. 0, -EBADMSG (no certificate) or -ENOMEM. */
int certificate_print_text(const uint8_t *der, size_t length, FILE *stream);
