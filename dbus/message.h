/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing and reading D-Bus message bodies. The only include of libdbus's header. */
#pragma once

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void message_unrefp(DBusMessage **message);

/*
 * Appends values to a message. A failure (no memory, or a string that the bus would not carry)
 * sticks: later calls do nothing, and writer_finish() of the outermost writer reports it, so that a
 * body is written without a check after each value. Strings that are not valid UTF-8 are a failure,
 * never an abort.
 */
struct writer {
	DBusMessageIter iter;
	struct writer *parent; /* NULL for a message's own */
	int result;            /* 0 or the first negative errno */
};

void writer_begin(struct writer *writer, DBusMessage *message);
int writer_finish(struct writer *writer);

/*
 * Containers: open, write into @child, close. @signature is that of the content (NULL for struct
 * and dict entry).
 */
void writer_open(struct writer *parent, struct writer *child, int type, const char *signature);
void writer_close(struct writer *child);

void writer_string(struct writer *writer, const char *value);
void writer_path(struct writer *writer, const char *value);
void writer_boolean(struct writer *writer, bool value);
void writer_byte(struct writer *writer, uint8_t value);
void writer_int32(struct writer *writer, int32_t value);
void writer_uint32(struct writer *writer, uint32_t value);
void writer_uint64(struct writer *writer, uint64_t value);
void writer_bytes(struct writer *writer, const uint8_t *bytes, size_t length);
/* The message gets a duplicate; @fd stays the caller's. */
void writer_fd(struct writer *writer, int fd);

/* One entry of an a{sv}. */
void writer_entry_string(struct writer *dictionary, const char *key, const char *value);
void writer_entry_path(struct writer *dictionary, const char *key, const char *value);
void writer_entry_boolean(struct writer *dictionary, const char *key, bool value);
void writer_entry_byte(struct writer *dictionary, const char *key, uint8_t value);
void writer_entry_int32(struct writer *dictionary, const char *key, int32_t value);
void writer_entry_uint32(struct writer *dictionary, const char *key, uint32_t value);
void writer_entry_uint64(struct writer *dictionary, const char *key, uint64_t value);
void writer_entry_fd(struct writer *dictionary, const char *key, int fd);

/* A borrowed ay at @iter; lives as long as its message. */
void message_read_bytes(DBusMessageIter *iter, const uint8_t **ret_bytes, size_t *ret_length);
