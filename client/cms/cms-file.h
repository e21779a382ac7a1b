/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A CMS SignedData (RFC 5652, 5) in a file: what it says, and the content if that is in it. */
#pragma once

#include <stdbool.h>

#include "client/openssl.h"
#include "client/source.h"

/* Who gets the content, while it is read. Each returns 0 or an enum failure. */
struct cms_taker {
	/* First: DER or BER of the digestAlgorithms. */
	int (*begin)(const uint8_t *algorithms, size_t length, void *userdata);
	int (*take)(const uint8_t *bytes, size_t length, void *userdata);
	void *userdata;
};

/*
 * *ret_cms, the caller's to free, is detached in any case. The content has been taken where it was
 * there; content of any size is read in constant memory. 0 or an enum failure.
 */
int cms_file_read(const char *file, const struct cms_taker *taker, bool *ret_has_content,
		  CMS_ContentInfo **ret_cms);
