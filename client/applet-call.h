/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls to an applet's methods, with the PIN where one is needed. */
#pragma once

#include "client/command.h"
#include "client/service.h"

struct applet_call {
	const char *member;
	const char *signature; /* of the reply */
	/* Writes what stands before the options; NULL: nothing. */
	void (*write)(struct writer *writer, const void *data);
	const void *data;
	bool works_without_pin; /* perhaps: only if the card then wants one is it asked for */
};

/*
 * Makes the call to the applet that the arguments mean. The PIN comes from --pin-fd, or from the
 * person at the terminal, who is told how many tries are left and may correct a mistake while more
 * than one is; where there is neither, the service has to find one. 0 with *ret_reply, the caller's
 * to unref; or an enum failure.
 */
int applet_call(const struct arguments *arguments, const struct applet_call *call,
		DBusMessage **ret_reply);
