/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BER (X.690, 8.1) that is read as it comes, so that what is large need not be in memory. All of it
 * is hostile. Functions return 0 or an enum failure: what is not right is said.
 */
#pragma once

#include "client/cms/stream.h"

enum {
	BER_HEADER_MAX = 10,          /* tag, length of length, and 8 bytes of it */
	BER_COPY_MAX = 1024 * 1024,   /* certificates and attributes of many signers */
	BER_DEPTH_MAX = 32,
};

struct ber {
	struct stream stream;
	uint64_t offset;
	uint8_t *copy; /* what has been kept of it */
	size_t copied;
};
#define BER_INIT ((struct ber){ .stream = STREAM_INIT })

struct ber_element {
	uint8_t tag; /* the identifier octet: numbers above 30 are refused */
	bool is_indefinite;
	uint64_t end; /* offset of what follows it, or could at most */
	uint8_t header[BER_HEADER_MAX];
	size_t header_length;
};

/* In each case ber_close(). */
int ber_open(struct ber *ber, const char *file);
void ber_close(struct ber *ber);

/* Steps into the next element in @parent (NULL: the file). */
int ber_enter(struct ber *ber, const struct ber_element *parent, struct ber_element *ret_element);
/* The same, which must have this tag. */
int ber_expect(struct ber *ber, const struct ber_element *parent, uint8_t tag,
	       struct ber_element *ret_element);

/* Whether nothing more is in @element; then it has been left. */
int ber_is_over(struct ber *ber, const struct ber_element *element, bool *ret_is_over);
/* Leaves @element, which must be over; NULL: the file. */
int ber_leave(struct ber *ber, const struct ber_element *element);

/* Keeps the next element in @parent, whole. *ret_tag is its. */
int ber_copy(struct ber *ber, const struct ber_element *parent, uint8_t *ret_tag);
/* Keeps these bytes. */
int ber_append(struct ber *ber, const uint8_t *bytes, size_t length);

/* Gives @take all of the OCTET STRING @element, which may be in segments, and leaves it. */
int ber_feed(struct ber *ber, const struct ber_element *element,
	     int (*take)(const uint8_t *bytes, size_t length, void *userdata), void *userdata);
