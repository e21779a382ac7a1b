/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/private-bus.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PATH_SIZE = 128,
	TURN_USEC = 2000,
	TURNS_MAX = 5000,
	SKIPPED = 77,        /* for Automake */
	NOT_INSTALLED = 127, /* exit status, as the shell's */
};

static struct {
	pid_t pid;
	char directory[PATH_SIZE];
	DBusConnection *clients[PRIVATE_BUS_CLIENTS_MAX];
	size_t client_count;
} private_bus;

static void file_path(char path[static PATH_SIZE + 16], const char *name)
{
	snprintf(path, PATH_SIZE + 16, "%s/%s", private_bus.directory, name);
}

static int write_configuration(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return -errno;
	fprintf(file,
		"<busconfig>\n"
		"  <type>system</type>\n"
		"  <listen>unix:path=%s/bus</listen>\n"
		"  <auth>EXTERNAL</auth>\n"
		"  <policy context=\"default\">\n"
		"    <allow user=\"*\"/>\n"
		"    <allow own=\"*\"/>\n"
		"    <deny own=\"" PRIVATE_BUS_DENIED_NAME "\"/>\n"
		"    <allow send_destination=\"*\"/>\n"
		"    <deny send_path=\"" PRIVATE_BUS_DENIED_PATH "\"/>\n"
		"    <allow receive_sender=\"*\"/>\n"
		"  </policy>\n"
		"  <limit name=\"max_connections_per_user\">%d</limit>\n"
		"  <limit name=\"max_match_rules_per_connection\">%d</limit>\n"
		"</busconfig>\n",
		private_bus.directory, 2 * PRIVATE_BUS_CLIENTS_MAX, PRIVATE_BUS_RULES_MAX);
	return fclose(file) == EOF ? -errno : 0;
}

static void run_daemon(const char *configuration, int ready)
{
	char option[PATH_SIZE + 32], print[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(option, sizeof(option), "--config-file=%s", configuration);
	snprintf(print, sizeof(print), "--print-address=%d", ready);
	execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", option, print,
	       NULL);
	_exit(NOT_INSTALLED);
}

/* The address comes through the pipe once the daemon listens; nothing where it could not be run. */
static int spawn_daemon(const char *configuration)
{
	char address[PATH_SIZE * 2];
	int ready[2];
	ssize_t length;
	int status;

	if (pipe(ready) < 0)
		return -errno;
	private_bus.pid = fork();
	if (private_bus.pid == 0)
		run_daemon(configuration, ready[1]);
	close(ready[1]);
	length = read(ready[0], address, sizeof(address));
	close(ready[0]);
	if (length > 0)
		return 0;
	waitpid(private_bus.pid, &status, 0);
	private_bus.pid = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == NOT_INSTALLED ? -ENOENT : -EIO;
}

int private_bus_start(void)
{
	char configuration[PATH_SIZE + 16], address[PATH_SIZE + 32];
	int r;

	snprintf(private_bus.directory, PATH_SIZE, "/tmp/jpkid-bus.XXXXXX");
	if (!mkdtemp(private_bus.directory) || chmod(private_bus.directory, 0755) < 0)
		return -errno;
	file_path(configuration, "bus.conf");
	r = write_configuration(configuration);
	if (r == 0)
		r = spawn_daemon(configuration);
	if (r < 0) {
		private_bus_stop();
		return r;
	}
	snprintf(address, sizeof(address), "unix:path=%s/bus", private_bus.directory);
	return setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1) < 0 ? -errno : 0;
}

void private_bus_stop(void)
{
	char path[PATH_SIZE + 16];

	clients_close();
	if (private_bus.pid > 0) {
		kill(private_bus.pid, SIGKILL);
		waitpid(private_bus.pid, NULL, 0);
		private_bus.pid = 0;
	}
	file_path(path, "bus");
	unlink(path);
	file_path(path, "bus.conf");
	unlink(path);
	rmdir(private_bus.directory);
}

static int tear_down_group(void **state)
{
	private_bus_stop();
	return 0;
}

int private_bus_run_tests(const char *name, const struct CMUnitTest *tests, size_t count)
{
	const int r = private_bus_start();

	if (r == -ENOENT)
		return SKIPPED;
	if (r < 0)
		return EXIT_FAILURE;
	return _cmocka_run_group_tests(name, tests, count, NULL, tear_down_group);
}

DBusConnection *client_open(uid_t uid)
{
	const uid_t own = getuid();
	DBusConnection *client;

	assert_in_range(private_bus.client_count, 0, PRIVATE_BUS_CLIENTS_MAX - 1);
	/* The bus asks the kernel who connects. */
	assert_int_equal(setresuid(uid, uid, own), 0);
	client = dbus_bus_get_private(DBUS_BUS_SYSTEM, NULL);
	assert_int_equal(setresuid(own, own, own), 0);
	assert_non_null(client);
	dbus_connection_set_exit_on_disconnect(client, FALSE);
	private_bus.clients[private_bus.client_count++] = client;
	return client;
}

void client_close(DBusConnection *client)
{
	for (size_t i = 0; i < private_bus.client_count; i++) {
		if (private_bus.clients[i] == client) {
			private_bus.clients[i] = private_bus.clients[--private_bus.client_count];
			break;
		}
	}
	dbus_connection_close(client);
	dbus_connection_unref(client);
}

void clients_close(void)
{
	while (private_bus.client_count > 0)
		client_close(private_bus.clients[0]);
}

void private_bus_turn(sd_event *event)
{
	assert_true(sd_event_run(event, TURN_USEC) >= 0);
	for (size_t i = 0; i < private_bus.client_count; i++)
		dbus_connection_read_write_dispatch(private_bus.clients[i], 0);
}

DBusMessage *client_call(sd_event *event, DBusConnection *client, DBusMessage *message)
{
	DBusPendingCall *pending = NULL;
	DBusMessage *reply;

	assert_true(
		dbus_connection_send_with_reply(client, message, &pending, DBUS_TIMEOUT_INFINITE));
	assert_non_null(pending);
	dbus_message_unref(message);
	for (unsigned int turns = 0; !dbus_pending_call_get_completed(pending) && turns < TURNS_MAX;
	     turns++)
		private_bus_turn(event);
	reply = dbus_pending_call_steal_reply(pending);
	assert_non_null(reply);
	dbus_pending_call_unref(pending);
	return reply;
}

DBusMessage *client_message(const char *service, const char *path, const char *interface,
			    const char *member, int type, ...)
{
	DBusMessage *message = dbus_message_new_method_call(service, path, interface, member);
	va_list arguments;

	assert_non_null(message);
	va_start(arguments, type);
	assert_true(dbus_message_append_args_valist(message, type, arguments));
	va_end(arguments);
	return message;
}

uid_t other_uid(void)
{
	return getuid() == 0 ? UID_OTHER : getuid();
}

void assert_error(DBusMessage *reply, const char *name)
{
	assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_ERROR);
	assert_string_equal(dbus_message_get_error_name(reply), name);
	dbus_message_unref(reply);
}
