/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one door for what the bus says: dictionaries into structs, types checked, text fit for a
 * terminal.
 */
#pragma once

#include "dbus/message.h"

/* A key, the D-Bus type that its value must have, and where the value goes. */
struct field {
	const char *key;
	int type;      /* basic; text (s, o) becomes an owned char * */
	size_t offset; /* of a member of the type that libdbus has for it */
};

/*
 * Reads a{sv}, a{ss} and the like at @iter into @object by @fields, which end with { 0 } and are 31
 * at most; keys that are not among them are passed over. 0, -EPROTO (another type, or @all are
 * needed and not there), -ENOMEM; in each case dictionary_clear() frees what has been read.
 */
int dictionary_read(const DBusMessageIter *iter, const struct field *fields, bool all,
		    void *object);
void dictionary_clear(const struct field *fields, void *object);

/* The a{ss} or the like under @key of the a{sv} at @iter. False: there is none. */
bool dictionary_find(const DBusMessageIter *iter, const char *key, DBusMessageIter *ret_value);
