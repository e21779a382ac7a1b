/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/polkit.h"

#include <string.h>

#include "base/cleanup.h"

#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

DBusMessage *polkit_message(const char *member)
{
	return dbus_message_new_method_call(POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, member);
}

/* (sa{sv}) */
static void write_subject(struct writer *writer, const char *name)
{
	struct writer subject, details;

	writer_open(writer, &subject, DBUS_TYPE_STRUCT, NULL);
	writer_string(&subject, "system-bus-name");
	writer_open(&subject, &details, DBUS_TYPE_ARRAY, "{sv}");
	writer_entry_string(&details, "name", name);
	writer_close(&details);
	writer_close(&subject);
}

DBusMessage *polkit_check(const char *subject, const char *action, uint32_t flags,
			  const char *cancellation_id)
{
	CLEANUP(message_unrefp) DBusMessage *message = polkit_message("CheckAuthorization");
	struct writer writer, details;

	if (!message)
		return NULL;
	writer_begin(&writer, message);
	write_subject(&writer, subject);
	writer_string(&writer, action);
	writer_open(&writer, &details, DBUS_TYPE_ARRAY, "{ss}");
	writer_close(&details);
	writer_uint32(&writer, flags);
	writer_string(&writer, cancellation_id);
	return writer_finish(&writer) == 0 ? TAKE(message) : NULL;
}

/* Whether the a{ss} at @iter says so. */
static bool is_dismissed(DBusMessageIter *iter)
{
	DBusMessageIter details, entry;
	const char *key;

	dbus_message_iter_recurse(iter, &details);
	for (; dbus_message_iter_get_arg_type(&details) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&details)) {
		dbus_message_iter_recurse(&details, &entry);
		dbus_message_iter_get_basic(&entry, &key);
		if (strcmp(key, "polkit.dismissed") == 0)
			return true;
	}
	return false;
}

bool polkit_read_answer(DBusMessage *reply, struct polkit_answer *ret_answer)
{
	DBusMessageIter iter, result;
	dbus_bool_t is_authorized, is_challenge;

	if (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN ||
	    !dbus_message_has_signature(reply, "(bba{ss})"))
		return false;
	dbus_message_iter_init(reply, &iter);
	dbus_message_iter_recurse(&iter, &result);
	dbus_message_iter_get_basic(&result, &is_authorized);
	dbus_message_iter_next(&result);
	dbus_message_iter_get_basic(&result, &is_challenge);
	dbus_message_iter_next(&result);
	*ret_answer = (struct polkit_answer){
		.is_authorized = is_authorized,
		.is_challenge = is_challenge,
		.is_dismissed = is_dismissed(&result),
	};
	return true;
}
