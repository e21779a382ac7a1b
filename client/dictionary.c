/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/dictionary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static bool is_text(int type)
{
	return type == DBUS_TYPE_STRING || type == DBUS_TYPE_OBJECT_PATH;
}

static int field_read(DBusMessageIter *value, const struct field *field, void *object)
{
	void *member = (char *)object + field->offset;
	char **text = member;
	const char *borrowed;

	if (dbus_message_iter_get_arg_type(value) != field->type)
		return -EPROTO;
	if (!is_text(field->type)) {
		dbus_message_iter_get_basic(value, member);
		return 0;
	}
	dbus_message_iter_get_basic(value, &borrowed);
	free(*text);
	*text = strdup(borrowed);
	if (!*text)
		return -ENOMEM;
	utf8_clean(*text);
	return 0;
}

/* The entry at @entries; a variant is looked into. */
static const char *entry_read(DBusMessageIter *entries, DBusMessageIter *ret_value)
{
	DBusMessageIter entry;
	const char *key;

	dbus_message_iter_recurse(entries, &entry);
	dbus_message_iter_get_basic(&entry, &key);
	dbus_message_iter_next(&entry);
	*ret_value = entry;
	if (dbus_message_iter_get_arg_type(&entry) == DBUS_TYPE_VARIANT)
		dbus_message_iter_recurse(&entry, ret_value);
	return key;
}

static DBusMessageIter entries_of(const DBusMessageIter *iter)
{
	DBusMessageIter array = *iter, entries;

	dbus_message_iter_recurse(&array, &entries);
	return entries;
}

int dictionary_read(const DBusMessageIter *iter, const struct field *fields, bool all, void *object)
{
	DBusMessageIter entries = entries_of(iter), value;
	uint32_t seen = 0;
	int r;

	for (; dbus_message_iter_get_arg_type(&entries) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&entries)) {
		const char *key = entry_read(&entries, &value);
		size_t i = 0;

		while (fields[i].key && strcmp(fields[i].key, key) != 0)
			i++;
		if (!fields[i].key)
			continue;
		r = field_read(&value, &fields[i], object);
		if (r < 0)
			return r;
		seen |= UINT32_C(1) << i;
	}
	for (size_t i = 0; all && fields[i].key; i++)
		if (!(seen >> i & 1))
			return -EPROTO;
	return 0;
}

bool dictionary_find(const DBusMessageIter *iter, const char *key, DBusMessageIter *ret_value)
{
	DBusMessageIter entries = entries_of(iter), value;

	for (; dbus_message_iter_get_arg_type(&entries) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&entries)) {
		if (strcmp(entry_read(&entries, &value), key) != 0)
			continue;
		if (dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_ARRAY ||
		    dbus_message_iter_get_element_type(&value) != DBUS_TYPE_DICT_ENTRY)
			return false;
		*ret_value = value;
		return true;
	}
	return false;
}

void dictionary_clear(const struct field *fields, void *object)
{
	for (; fields->key; fields++) {
		char **text = (char **)(void *)((char *)object + fields->offset);

		if (!is_text(fields->type))
			continue;
		free(*text);
		*text = NULL;
	}
}
