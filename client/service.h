/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Method calls to org.jpkid1 on the system bus. */
#pragma once

#include "dbus/message.h"

/* A method call. */
struct request {
	const char *path, *interface, *member;
	const char *signature; /* of the answer */
	/* Writes the arguments; NULL: there are none. */
	void (*write)(struct writer *writer, const void *data);
	const void *data;
	/* Runs after each message that comes before the answer; NULL: those wait. */
	void (*meanwhile)(void *userdata);
	void *userdata;
};

/* Why a call was not answered with what was asked for. */
struct refusal {
	int result; /* as base/error.h has it; -ENOTCONN: the service is not there, or no more */
	uint32_t tries_left; /* of ANSWER_PIN_INCORRECT and ANSWER_LAST_TRY, else 0 */
	char text[512];      /* a sentence */
};

/* 0 or an enum failure. */
int service_open(DBusConnection **ret_service);
void service_close(DBusConnection *service);

/*
 * Makes the call, lets polkit ask the user, and waits for the answer as long as it takes. True:
 * *ret_reply has the signature that is wanted, and is the caller's to unref; false: *ret_refusal
 * says why not.
 */
bool service_call(DBusConnection *service, const struct request *request, DBusMessage **ret_reply,
		  struct refusal *ret_refusal);

/* Its parts, for who does not wait. NULL: no memory, or what the bus does not carry. */
DBusMessage *service_message(const struct request *request);
/* Whether @reply is no error and has @signature; false: *ret_refusal says why not. */
bool service_accepts(DBusMessage *reply, const char *signature, struct refusal *ret_refusal);

/* A refusal that is found before there is an answer. Returns false. */
bool refusal_set(struct refusal *refusal, int result);

/* Says it; the failure that it is. */
int refusal_say(const struct refusal *refusal);
