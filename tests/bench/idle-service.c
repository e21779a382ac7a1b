/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * idle-service [BUS-NAME]: a service that does nothing, for the time that starting any service takes.
 * With a name it has that on the system bus, and answers org.freedesktop.DBus.Peer as libsystemd does.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static void check(int r, const char *what)
{
	if (r < 0)
		errx(EXIT_FAILURE, "%s: %s", what, strerror(-r));
}

static sd_bus *name_take(const char *name)
{
	sd_bus *bus = NULL;

	check(sd_bus_open_system(&bus), "bus");
	check(sd_bus_request_name(bus, name, 0), name);
	return bus;
}

static void serve(sd_bus *bus)
{
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		check(r, "bus");
		if (r == 0)
			check(sd_bus_wait(bus, UINT64_MAX), "bus");
	}
}

int main(int argc, char **argv)
{
	sd_bus *bus = argc > 1 ? name_take(argv[1]) : NULL;

	check(sd_notify(0, "READY=1"), "NOTIFY_SOCKET");
	if (bus)
		serve(bus);
	pause();
	return EXIT_SUCCESS;
}
