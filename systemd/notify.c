/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"

void notify_ready(void)
{
	int r = sd_notify(0, "READY=1");

	if (r < 0)
		log_error("The service manager cannot be told that jpkid is ready: %s. "
			  "NOTIFY_SOCKET must be as systemd sets it.",
			  strerror(-r));
}

void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_microseconds(CLOCK_MONOTONIC));
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void notify_status(const char *format, ...)
{
	char status[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(status, sizeof(status), format, arguments);
	va_end(arguments);
	sd_notifyf(0, "STATUS=%s", status);
}
