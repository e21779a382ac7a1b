/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The desktop's notifications: org.freedesktop.Notifications on the session bus, which is connected
 * to when there is something to show for the first time.
 */
#pragma once

#include "dbus/bus.h"

struct notifications;

struct notification {
	const char *icon; /* its name in the theme */
	const char *summary, *body;
	enum { URGENCY_NORMAL = 1, URGENCY_CRITICAL } urgency;
};

/* 0 or -ENOMEM. @ready: a program that shows notifications has come. */
int notifications_new(sd_event *event, void (*ready)(void *userdata), void *userdata,
		      struct notifications **ret_notifications);
/* NULL is allowed; returns NULL. */
struct notifications *notifications_free(struct notifications *notifications);

/*
 * 0, then @done gets the answer, an error or a method return, from the loop; or a negative errno,
 * such as -ENOTCONN: there is no session bus. Texts are copied, and have no markup.
 */
int notifications_show(struct notifications *notifications, const struct notification *notification,
		       bus_reply *done, void *userdata);
