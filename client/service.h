/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Method calls to org.jpkid1 on the system bus. */
#pragma once

#include "client/refusal.h"

#define SERVICE_NAME "org.jpkid1"
#define ROOT_PATH "/org/jpkid1"
#define MANAGER_INTERFACE "org.jpkid1.Manager"
#define READER_INTERFACE "org.jpkid1.Reader"
#define CARD_INTERFACE "org.jpkid1.Card"
#define APPLET_INTERFACE "org.jpkid1.Applet"
#define OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"

/* How long to wait for what the service always answers at once, in milliseconds. */
enum {
	SERVICE_START_PATIENCE = 30 * 1000, /* the bus gives a service that it starts 25 seconds */
	SERVICE_ANSWER_PATIENCE = 5 * 1000,
};

/* The match rule of the signal that service_owner_change() reads. */
#define SERVICE_OWNER_RULE                                                                         \
	"type='signal',sender='" DBUS_SERVICE_DBUS "',interface='" DBUS_INTERFACE_DBUS             \
	"',member='NameOwnerChanged',arg0='" SERVICE_NAME "'"

/* A method call. */
struct request {
	const char *path, *interface, *member;
	const char *signature; /* of the answer */
	/* Writes the arguments; NULL: there are none. */
	void (*write)(struct writer *writer, const void *data);
	const void *data;
	bool is_unattended; /* neither polkit nor an agent asks anybody */
	/* Runs after each message that comes before the answer; NULL: those wait. */
	void (*meanwhile)(void *userdata);
	void *userdata;
	unsigned int patience; /* milliseconds, then it is refused with -ETIMEDOUT; 0: for ever */
};

/* Writes the a{sv} of a method that is given no options. */
void write_no_options(struct writer *writer, const void *data);

/* 0 or an enum failure. */
int service_open(DBusConnection **ret_service);
/* False: *ret_refusal has the words of the bus; -ETIMEDOUT: it does not answer. */
bool service_connect(DBusConnection **ret_service, struct refusal *ret_refusal);

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

/*
 * Whether @message is the bus's word that the service has come or gone, or another one is there:
 * unique names before and now, "" for none, borrowed from it.
 */
bool service_owner_change(DBusMessage *message, const char **ret_before, const char **ret_now);
