/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates in files, as PEM or DER. */
#pragma once

#include "client/openssl.h"

/* The first in the file; *ret_certificate is the caller's to free. 0 or an enum failure. */
int certificate_file_read(const char *path, X509 **ret_certificate);

/*
 * Adds those in the file that are a CA's to @certificates, where it is a regular one; other files
 * are passed over. 0 or an enum failure.
 */
int certificate_file_read_cas(const char *path, STACK_OF(X509) *certificates);
