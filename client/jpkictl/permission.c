/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/permission.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dbus/polkit.h"

enum {
	PATIENCE_MILLISECONDS = 10 * 1000,
	NOBODY_IS_ASKED = 0, /* CheckAuthorizationFlags */
};

static enum permission from_reply(DBusMessage *reply)
{
	struct polkit_answer answer;

	if (!polkit_read_answer(reply, &answer))
		return PERMISSION_NO_POLKIT;
	if (answer.is_authorized)
		return PERMISSION_GIVEN;
	return answer.is_challenge ? PERMISSION_ON_REQUEST : PERMISSION_DENIED;
}

enum permission permission_ask(DBusConnection *bus, const char *action)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL, *reply = NULL;
	DBusError error = DBUS_ERROR_INIT;
	enum permission permission;

	if (geteuid() == 0)
		return PERMISSION_GIVEN;
	message = polkit_check(dbus_bus_get_unique_name(bus), action, NOBODY_IS_ASKED, "");
	if (!message)
		return PERMISSION_NO_POLKIT;
	reply = dbus_connection_send_with_reply_and_block(bus, message, PATIENCE_MILLISECONDS,
							  &error);
	if (reply)
		return from_reply(reply);
	/* All other errors are the bus's. */
	permission = strncmp(error.name, POLKIT_NAME, strlen(POLKIT_NAME)) == 0 ?
			     PERMISSION_NOT_KNOWN :
			     PERMISSION_NO_POLKIT;
	dbus_error_free(&error);
	return permission;
}
