/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A certificate in the forms that other programs take. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* As PEM (RFC 7468) to @stream. 0 or -ENOMEM. */
int certificate_print_pem(const uint8_t *der, size_t length, FILE *stream);

/*
 * Its key as a line of OpenSSH's authorized_keys, as RFC 4253, 6.6 and RFC 5656, 3.1 have it, with
 * @comment. 0, -EBADMSG (no certificate), -EOPNOTSUPP (neither RSA nor P-256, P-384 or P-521), or
 * -ENOMEM.
 */
int certificate_print_openssh(const uint8_t *der, size_t length, const char *comment, FILE *stream);
