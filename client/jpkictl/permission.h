/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What polkit lets this process do. */
#pragma once

#include "dbus/message.h"

enum permission {
	PERMISSION_GIVEN,
	PERMISSION_ON_REQUEST, /* polkit asks a person first */
	PERMISSION_DENIED,
	PERMISSION_NOT_KNOWN,  /* polkit does not know the action */
	PERMISSION_NO_POLKIT,
};

/* Asks polkit about this process and @action, and nobody else. User 0 may do everything. */
enum permission permission_ask(DBusConnection *bus, const char *action);
