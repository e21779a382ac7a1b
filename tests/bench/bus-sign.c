/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-sign APPLET COUNT [UNTIL] <PIN: signs COUNT times through jpkid, on one connection, but not
 * after the time UNTIL (µs, CLOCK_MONOTONIC); the PIN goes by a pipe each time.
 */
#include <dbus/dbus.h>
#include <limits.h>

#include "tests/bench/signing.h"

static int pipe_with(const uint8_t *pin, size_t length)
{
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], pin, length) != (ssize_t)length)
		err(EXIT_FAILURE, "pipe");
	close(ends[1]);
	return ends[0];
}

/* a{sv} with the PIN's descriptor, which the message copies. */
static void append_options(DBusMessage *message, int fd)
{
	static const char *const key = "pin";
	DBusMessageIter iter, options, entry, value;

	dbus_message_iter_init_append(message, &iter);
	dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &options);
	dbus_message_iter_open_container(&options, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
	dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
	dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, "h", &value);
	dbus_message_iter_append_basic(&value, DBUS_TYPE_UNIX_FD, &fd);
	dbus_message_iter_close_container(&entry, &value);
	dbus_message_iter_close_container(&options, &entry);
	dbus_message_iter_close_container(&iter, &options);
}

static void sign(DBusConnection *bus, const char *applet, const uint8_t *pin, size_t length)
{
	static const uint8_t hash[SIGNING_HASH_LENGTH];
	const char *scheme = "rsa-pkcs1-sha256";
	const uint8_t *input = hash;
	DBusError error = DBUS_ERROR_INIT;
	int fd = pipe_with(pin, length);
	DBusMessage *message, *reply;

	message = dbus_message_new_method_call("org.jpkid1", applet, "org.jpkid1.Applet", "Sign");
	dbus_message_append_args(message, DBUS_TYPE_STRING, &scheme, DBUS_TYPE_ARRAY,
				 DBUS_TYPE_BYTE, &input, (int)sizeof(hash), DBUS_TYPE_INVALID);
	append_options(message, fd);
	close(fd);
	reply = dbus_connection_send_with_reply_and_block(bus, message, DBUS_TIMEOUT_USE_DEFAULT,
							  &error);
	if (!reply)
		errx(EXIT_FAILURE, "Sign: %s: %s", error.name, error.message);
	dbus_message_unref(reply);
	dbus_message_unref(message);
}

int main(int argc, char **argv)
{
	DBusError error = DBUS_ERROR_INIT;
	uint8_t pin[SIGNING_PIN_MAX];
	DBusConnection *bus;
	long long until = LLONG_MAX;
	size_t length;

	if (argc != 3 && argc != 4)
		errx(EXIT_FAILURE, "usage: bus-sign APPLET COUNT [UNTIL] <PIN");
	if (argc == 4)
		until = atoll(argv[3]);
	length = signing_read_pin(pin);
	bus = dbus_bus_get(DBUS_BUS_SYSTEM, &error);
	if (!bus)
		errx(EXIT_FAILURE, "%s: %s", error.name, error.message);

	for (int i = 0; i < atoi(argv[2]) && signing_time() < until; i++) {
		sign(bus, argv[1], pin, length);
		signing_print_time();
	}
	dbus_connection_unref(bus);
	return EXIT_SUCCESS;
}
