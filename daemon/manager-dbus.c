/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bus side of the manager. */
#include <config.h>

#include "daemon/manager.h"

static void get_version(const void *userdata, struct writer *writer)
{
	(void)userdata;
	writer_string(writer, PACKAGE_VERSION);
}

static void get_pcsc_available(const void *userdata, struct writer *writer)
{
	const struct manager *manager = userdata;

	writer_boolean(writer, manager->pcsc_available);
}

static const struct property properties[] = {
	{ "Version", "s", .get = get_version, .constant = true },
	{ "PcscAvailable", "b", .get = get_pcsc_available },
	{ 0 },
};

const struct interface manager_interface = {
	.name = "org.jpkid1.Manager",
	.properties = properties,
};

const struct interface *const manager_interfaces[] = { &manager_interface, NULL };
