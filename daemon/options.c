/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/options.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/utf8.h"

enum {
	REASON_LENGTH_MAX = 200,
};

static bool read_descriptor(DBusMessageIter *value, int *ret_fd)
{
	dbus_message_iter_get_basic(value, ret_fd);
	return *ret_fd >= 0;
}

static bool read_pin(DBusMessageIter *value, struct options *options)
{
	return read_descriptor(value, &options->pin);
}

static bool read_new_pin(DBusMessageIter *value, struct options *options)
{
	return read_descriptor(value, &options->new_pin);
}

static bool read_reset_code(DBusMessageIter *value, struct options *options)
{
	return read_descriptor(value, &options->reset_code);
}

static bool read_boolean(DBusMessageIter *value, bool *ret_boolean)
{
	dbus_bool_t boolean;

	dbus_message_iter_get_basic(value, &boolean);
	*ret_boolean = boolean;
	return true;
}

static bool read_expected_tries(DBusMessageIter *value, struct options *options)
{
	dbus_message_iter_get_basic(value, &options->expected_tries);
	return options->has_expected_tries = true;
}

static bool read_allow_last_try(DBusMessageIter *value, struct options *options)
{
	return read_boolean(value, &options->allow_last_try);
}

static bool read_pin_pad(DBusMessageIter *value, struct options *options)
{
	return read_boolean(value, &options->pin_pad);
}

static bool read_own_calls(DBusMessageIter *value, struct options *options)
{
	return read_boolean(value, &options->own_calls);
}

static bool read_timeout(DBusMessageIter *value, struct options *options)
{
	dbus_message_iter_get_basic(value, &options->timeout);
	return true;
}

/* One line for a person. */
static bool read_reason(DBusMessageIter *value, struct options *options)
{
	const char *reason;
	uint32_t character;

	dbus_message_iter_get_basic(value, &reason);
	if (strlen(reason) > REASON_LENGTH_MAX)
		return false;
	for (const char *at = reason; *at;) {
		at += utf8_read(at, SIZE_MAX, &character);
		if (utf8_is_control(character))
			return false;
	}
	options->reason = reason;
	return true;
}

static const struct option {
	const char *key;
	unsigned int bit;
	int type;
	bool (*read)(DBusMessageIter *value, struct options *options);
} known_options[] = {
	{ "pin", OPTION_PIN, DBUS_TYPE_UNIX_FD, read_pin },
	{ "new-pin", OPTION_NEW_PIN, DBUS_TYPE_UNIX_FD, read_new_pin },
	{ "reset-code", OPTION_RESET_CODE, DBUS_TYPE_UNIX_FD, read_reset_code },
	{ "expected-tries", OPTION_EXPECTED_TRIES, DBUS_TYPE_UINT32, read_expected_tries },
	{ "allow-last-try", OPTION_ALLOW_LAST_TRY, DBUS_TYPE_BOOLEAN, read_allow_last_try },
	{ "pin-pad", OPTION_PIN_PAD, DBUS_TYPE_BOOLEAN, read_pin_pad },
	{ "timeout", OPTION_TIMEOUT, DBUS_TYPE_UINT32, read_timeout },
	{ "reason", OPTION_REASON, DBUS_TYPE_STRING, read_reason },
	{ "own-calls", OPTION_OWN_CALLS, DBUS_TYPE_BOOLEAN, read_own_calls },
};

static const struct option *option_find(const char *key)
{
	for (size_t i = 0; i < LENGTH_OF(known_options); i++)
		if (strcmp(known_options[i].key, key) == 0)
			return &known_options[i];
	return NULL;
}

int options_read(DBusMessageIter *iter, unsigned int allowed, struct options *ret_options,
		 const char **ret_key)
{
	CLEANUP(options_clear) struct options options = OPTIONS_INIT;
	DBusMessageIter entries, entry, value;

	dbus_message_iter_recurse(iter, &entries);
	for (; dbus_message_iter_get_arg_type(&entries) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&entries)) {
		const struct option *option;

		dbus_message_iter_recurse(&entries, &entry);
		dbus_message_iter_get_basic(&entry, ret_key);
		dbus_message_iter_next(&entry);
		dbus_message_iter_recurse(&entry, &value);

		option = option_find(*ret_key);
		if (!option || !(allowed & option->bit) ||
		    dbus_message_iter_get_arg_type(&value) != option->type)
			return ANSWER_INVALID_INPUT;
		allowed &= ~option->bit;
		if (!option->read(&value, &options))
			return ANSWER_INVALID_INPUT;
	}

	*ret_options = options;
	options = OPTIONS_INIT;
	return 0;
}

bool options_read_for(struct call *call, DBusMessageIter *iter, struct options *ret_options)
{
	const char *key;

	if (options_read(iter, call_method(call)->options, ret_options, &key) == 0)
		return true;
	call_fail(call, ANSWER_INVALID_INPUT,
		  "The option '%s' is not one of this method's, or its value is not right; see "
		  "org.jpkid1(5).",
		  key);
	return false;
}

void options_clear(struct options *options)
{
	closep(&options->pin);
	closep(&options->new_pin);
	closep(&options->reset_code);
	*options = OPTIONS_INIT;
}
