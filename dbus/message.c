/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/message.h"

#include <errno.h>

void message_unrefp(DBusMessage **message)
{
	if (*message)
		dbus_message_unref(*message);
}

void writer_begin(struct writer *writer, DBusMessage *message)
{
	*writer = (struct writer){ .parent = NULL };
	dbus_message_iter_init_append(message, &writer->iter);
}

int writer_finish(struct writer *writer)
{
	return writer->result;
}

void writer_open(struct writer *parent, struct writer *child, int type, const char *signature)
{
	*child = (struct writer){
		.iter = DBUS_MESSAGE_ITER_INIT_CLOSED,
		.parent = parent,
		.result = parent->result,
	};
	if (child->result == 0 &&
	    !dbus_message_iter_open_container(&parent->iter, type, signature, &child->iter))
		child->result = -ENOMEM;
}

void writer_close(struct writer *child)
{
	struct writer *parent = child->parent;

	if (child->result < 0)
		dbus_message_iter_abandon_container_if_open(&parent->iter, &child->iter);
	else if (!dbus_message_iter_close_container(&parent->iter, &child->iter))
		child->result = -ENOMEM;
	parent->result = child->result;
}

static void writer_basic(struct writer *writer, int type, const void *value)
{
	if (writer->result == 0 && !dbus_message_iter_append_basic(&writer->iter, type, value))
		writer->result = -ENOMEM;
}

/* libdbus ends the process when it is given a string that the bus does not carry. */
static void writer_text(struct writer *writer, int type, const char *value,
			dbus_bool_t (*validate)(const char *value, DBusError *error))
{
	if (writer->result == 0 && (!value || !validate(value, NULL)))
		writer->result = -EINVAL;
	writer_basic(writer, type, &value);
}

void writer_string(struct writer *writer, const char *value)
{
	writer_text(writer, DBUS_TYPE_STRING, value, dbus_validate_utf8);
}

void writer_path(struct writer *writer, const char *value)
{
	writer_text(writer, DBUS_TYPE_OBJECT_PATH, value, dbus_validate_path);
}

void writer_boolean(struct writer *writer, bool value)
{
	const dbus_bool_t wire = value;

	writer_basic(writer, DBUS_TYPE_BOOLEAN, &wire);
}

void writer_byte(struct writer *writer, uint8_t value)
{
	writer_basic(writer, DBUS_TYPE_BYTE, &value);
}

void writer_int32(struct writer *writer, int32_t value)
{
	writer_basic(writer, DBUS_TYPE_INT32, &value);
}

void writer_uint32(struct writer *writer, uint32_t value)
{
	writer_basic(writer, DBUS_TYPE_UINT32, &value);
}

void writer_uint64(struct writer *writer, uint64_t value)
{
	writer_basic(writer, DBUS_TYPE_UINT64, &value);
}

void writer_bytes(struct writer *writer, const uint8_t *bytes, size_t length)
{
	struct writer array;

	if (writer->result == 0 && length > DBUS_MAXIMUM_ARRAY_LENGTH)
		writer->result = -EMSGSIZE;

	writer_open(writer, &array, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE_AS_STRING);
	if (array.result == 0 && length > 0 &&
	    !dbus_message_iter_append_fixed_array(&array.iter, DBUS_TYPE_BYTE, &bytes, (int)length))
		array.result = -ENOMEM;
	writer_close(&array);
}

void writer_fd(struct writer *writer, int fd)
{
	writer_basic(writer, DBUS_TYPE_UNIX_FD, &fd);
}

struct entry {
	struct writer pair, variant;
};

/* @value of the entry is written into entry->variant between these two. */
static void entry_open(struct writer *dictionary, struct entry *entry, const char *key,
		       const char *signature)
{
	writer_open(dictionary, &entry->pair, DBUS_TYPE_DICT_ENTRY, NULL);
	writer_string(&entry->pair, key);
	writer_open(&entry->pair, &entry->variant, DBUS_TYPE_VARIANT, signature);
}

static void entry_close(struct entry *entry)
{
	writer_close(&entry->variant);
	writer_close(&entry->pair);
}

void writer_entry_string(struct writer *dictionary, const char *key, const char *value)
{
	struct entry entry;

	entry_open(dictionary, &entry, key, DBUS_TYPE_STRING_AS_STRING);
	writer_string(&entry.variant, value);
	entry_close(&entry);
}

void writer_entry_path(struct writer *dictionary, const char *key, const char *value)
{
	struct entry entry;

	entry_open(dictionary, &entry, key, DBUS_TYPE_OBJECT_PATH_AS_STRING);
	writer_path(&entry.variant, value);
	entry_close(&entry);
}

void writer_entry_boolean(struct writer *dictionary, const char *key, bool value)
{
	struct entry entry;

	entry_open(dictionary, &entry, key, DBUS_TYPE_BOOLEAN_AS_STRING);
	writer_boolean(&entry.variant, value);
	entry_close(&entry);
}

void writer_entry_byte(struct writer *dictionary, const char *key, uint8_t value)
{
	struct entry entry;

	entry_open(dictionary, &entry, key, DBUS_TYPE_BYTE_AS_STRING);
	writer_byte(&entry.variant, value);
	entry_close(&entry);
}

void writer_entry_int32(struct writer *dictionary, const char *key, int32_t value)
{
	struct entry entry;

	entry_open(dictionary, &entry, key, DBUS_TYPE_INT32_AS_STRING);
	writer_int32(&entry.variant, value);
	entry_close(&entry);
}

void writer_entry_uint32(struct writer *dictionary, const char *key, uint32_t value)
{
	struct entry entry;

	entry_open(dictionary, &entry, key, DBUS_TYPE_UINT32_AS_STRING);
	writer_uint32(&entry.variant, value);
	entry_close(&entry);
}

void writer_entry_uint64(struct writer *dictionary, const char *key, uint64_t value)
{
	struct entry entry;

	entry_open(dictionary, &entry, key, DBUS_TYPE_UINT64_AS_STRING);
	writer_uint64(&entry.variant, value);
	entry_close(&entry);
}

void writer_entry_fd(struct writer *dictionary, const char *key, int fd)
{
	struct entry entry;

	entry_open(dictionary, &entry, key, DBUS_TYPE_UNIX_FD_AS_STRING);
	writer_fd(&entry.variant, fd);
	entry_close(&entry);
}

void message_read_bytes(DBusMessageIter *iter, const uint8_t **ret_bytes, size_t *ret_length)
{
	DBusMessageIter array;
	int length;

	dbus_message_iter_recurse(iter, &array);
	dbus_message_iter_get_fixed_array(&array, ret_bytes, &length);
	*ret_length = (size_t)length;
}
