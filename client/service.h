/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Method calls to org.jpkid1 on the system bus. */
#pragma once

#include "dbus/message.h"

struct service {
	DBusConnection *connection;
};

/* Why a call was not answered with what was asked for. */
struct refusal {
	int result; /* as base/error.h has it; -ENOTCONN: the service is not there, or not any more
		     */
	uint32_t tries_left; /* of ANSWER_PIN_INCORRECT, else 0 */
	char text[512];      /* a sentence */
};

/* 0 or an enum failure. */
int service_open(struct service *service);
void service_close(struct service *service);

/* A call that lets polkit ask the user; NULL: no memory. */
DBusMessage *service_message(const char *path, const char *interface, const char *member);

/*
 * Sends @message (borrowed) and waits for the answer as long as it takes. True: *ret_reply is one
 * with this signature, the caller's to unref; false: *ret_refusal says why not.
 */
bool service_call(struct service *service, DBusMessage *message, const char *signature,
		  DBusMessage **ret_reply, struct refusal *ret_refusal);

/* A refusal that is found before there is an answer. Returns false. */
bool refusal_set(struct refusal *refusal, int result);

/* Says it; the failure that it is. */
int refusal_say(const struct refusal *refusal);
