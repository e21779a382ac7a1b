/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bus side of the manager. */
#include <config.h>

#include "daemon/manager.h"
#include "daemon/options.h"

static struct agents *call_agents(const struct call *call)
{
	const struct manager *manager = call_userdata(call);

	return manager->agents;
}

static void handle_register_agent(struct call *call)
{
	agents_register(call_agents(call), call);
}

static void handle_unregister_agent(struct call *call)
{
	agents_unregister(call_agents(call), call);
}

static void get_version(const void *userdata, struct writer *writer)
{
	writer_string(writer, PACKAGE_VERSION);
}

static void get_pcsc_available(const void *userdata, struct writer *writer)
{
	const struct manager *manager = userdata;

	writer_boolean(writer, manager->pcsc_available);
}

static void get_pcsc_state(const void *userdata, struct writer *writer)
{
	const struct manager *manager = userdata;

	if (manager->refused)
		writer_string(writer, "refused");
	else
		writer_string(writer, manager->pcsc_available ? "available" : "absent");
}

static void get_reserve(const void *userdata, struct writer *writer)
{
	const struct manager *manager = userdata;

	writer_uint32(writer, manager->config->rules.reserve);
}

static const struct argument register_in[] = { { "agent", "o" }, { "options", "a{sv}" }, { 0 } };
static const struct argument unregister_in[] = { { "agent", "o" }, { 0 } };

static const struct method methods[] = {
	{ "RegisterAgent", register_in, .options = OPTION_OWN_CALLS,
	  .handle = handle_register_agent },
	{ "UnregisterAgent", unregister_in, .handle = handle_unregister_agent },
	{ 0 },
};

static const struct property properties[] = {
	{ "Version", "s", .get = get_version, .constant = true },
	{ "PcscAvailable", "b", .get = get_pcsc_available },
	{ "PcscState", "s", .get = get_pcsc_state },
	{ "Reserve", "u", .get = get_reserve },
	{ 0 },
};

const struct interface manager_interface = {
	.name = "org.jpkid1.Manager",
	.methods = methods,
	.properties = properties,
};

const struct interface *const manager_interfaces[] = { &manager_interface, NULL };
