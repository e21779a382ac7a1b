/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to polkit and its answers: org.freedesktop.PolicyKit1.Authority. */
#pragma once

#include <stdbool.h>

#include "dbus/message.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"

enum {
	POLKIT_ALLOW_USER_INTERACTION = 1, /* CheckAuthorizationFlags */
};

/* NULL: no memory. */
DBusMessage *polkit_message(const char *member);

/*
 * May whoever has the name @subject on the bus do @action? polkit asks the bus who that is.
 * @cancellation_id: "" for a question that is not called off. NULL: no memory.
 */
DBusMessage *polkit_check(const char *subject, const char *action, uint32_t flags,
			  const char *cancellation_id);

struct polkit_answer {
	bool is_authorized;
	bool is_challenge; /* somebody would have to be asked */
	bool is_dismissed; /* the person closed the question */
};

/* False: it is none. */
bool polkit_read_answer(DBusMessage *reply, struct polkit_answer *ret_answer);
