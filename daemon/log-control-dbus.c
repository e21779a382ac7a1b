/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.freedesktop.LogControl1: `systemctl service-log-level jpkid debug`, without a restart. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/manager.h"
#include "systemd/journal.h"

static void get_level(const void *userdata, struct writer *writer)
{
	writer_string(writer, log_level_name(log_level()));
}

static int set_level(void *userdata, DBusMessageIter *value)
{
	const char *name;
	int level;

	dbus_message_iter_get_basic(value, &name);
	level = log_level_from_name(name);
	if (level < 0)
		return ANSWER_INVALID_ARGS;
	log_set_level(level);
	return 0;
}

static const char *target(void)
{
	return journal_is_connected() ? "journal" : "console";
}

static void get_target(const void *userdata, struct writer *writer)
{
	writer_string(writer, target());
}

/* It is where the service manager put it. */
static int set_target(void *userdata, DBusMessageIter *value)
{
	const char *name;

	dbus_message_iter_get_basic(value, &name);
	return strcmp(name, target()) == 0 ? 0 : ANSWER_INVALID_ARGS;
}

static void get_syslog_identifier(const void *userdata, struct writer *writer)
{
	writer_string(writer, "jpkid");
}

static const struct property properties[] = {
	{ "LogLevel", "s", .get = get_level, .set = set_level },
	{ "LogTarget", "s", .get = get_target, .set = set_target },
	{ "SyslogIdentifier", "s", .get = get_syslog_identifier },
	{ 0 },
};

static const struct interface log_control_interface = {
	.name = "org.freedesktop.LogControl1",
	.properties = properties,
};

const struct interface *const log_control_interfaces[] = { &log_control_interface, NULL };
