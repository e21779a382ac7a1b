/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an object offers, as const tables: one table drives dispatch, the check of types, the polkit
 * action, the accepted options and introspection.
 */
#pragma once

#include "dbus/message.h"

struct call;

struct argument {
	const char *name; /* NULL ends a list */
	const char *signature;
};

struct method {
	const char *name; /* NULL ends a list */
	const struct argument *in;
	const struct argument *out;
	const char *action;   /* the polkit action that the caller needs; NULL: everyone may */
	unsigned int options; /* of the trailing a{sv}: a set of OPTION_… of the program's own */
	/*
	 * Owns @call: ends it with one of the call_…() functions, now or later. Types are as the
	 * table says.
	 */
	void (*handle)(struct call *call);
};

struct property {
	const char *name; /* NULL ends a list */
	const char *signature;
	bool constant; /* EmitsChangedSignal=const */
	void (*get)(const void *userdata, struct writer *writer);
	/*
	 * NULL: read-only. Only uid 0 may set; @value has the type of the property. 0 (which is
	 * announced), an answer or a negative errno.
	 */
	int (*set)(void *userdata, DBusMessageIter *value);
};

struct signal {
	const char *name; /* NULL ends a list */
	const struct argument *arguments;
};

struct interface {
	const char *name;
	const struct method *methods; /* each list may be NULL */
	const struct property *properties;
	const struct signal *signals;
};
