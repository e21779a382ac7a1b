/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/config-file.h"
#include "daemon/drain.h"
#include "daemon/manager.h"
#include "daemon/request.h"
#include "daemon/sleep.h"
#include "systemd/notify.h"

/* Calls at the start wait until what is in the readers is known, but no longer. Microseconds. */
static const uint64_t settle_limit = USEC_PER_SEC;

static const struct config_directories config_directories = { SYSCONFDIR, PREFIX "/lib" };

struct daemon {
	const struct config_arguments *arguments;
	struct config config;
	sd_event *event;
	struct bus *bus;
	struct manager *manager;
	struct sleep *sleep;
	struct drain drain;
	bool stopping;
	int status; /* with which it stops */
};

/* The first callers see the cards that are in. */
static void on_settled(void *userdata)
{
	struct daemon *daemon = userdata;

	bus_hold(daemon->bus, false);
}

static int on_settle_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
	on_settled(userdata);
	return 0;
}

static void on_drained(bool drained, void *userdata)
{
	struct daemon *daemon = userdata;

	if (!drained) {
		log_warning("A reader does not let go of its card; leaving without it.");
		requests_give_up(daemon->manager);
	}
	sd_event_exit(daemon->event, daemon->status);
}

/* Cards are closed and let go before the process ends with @status. */
static int daemon_stop(struct daemon *daemon, int status)
{
	if (daemon->stopping)
		return 0;
	daemon->stopping = true;
	daemon->status = status;
	notify_stopping();
	bus_hold(daemon->bus, false);
	manager_stop(daemon->manager);
	drain_start(&daemon->drain, daemon->event, on_drained, daemon);
	return 0;
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			  void *userdata)
{
	return daemon_stop(userdata, 0);
}

/* Where nothing more can be said. Returns @r. */
static int check_start(int r)
{
	if (r < 0)
		log_error("jpkid cannot start: %s.", strerror(-r));
	return r;
}

static int daemon_configure(struct daemon *daemon)
{
	int r = config_read(&config_directories, daemon->arguments, &daemon->config);

	if (r >= 0)
		log_set_level(daemon->config.log_level);
	return check_start(r);
}

/* A level that was set since (LogControl1) stays while the configured one is the same. */
static void daemon_take_config(struct daemon *daemon, const struct config *config)
{
	CLEANUP(config_clear) struct config old = daemon->config;

	daemon->config = *config;
	if (daemon->config.log_level != old.log_level)
		log_set_level(daemon->config.log_level);
	manager_follow_config(daemon->manager, &old);
	log_info("The configuration has been read again.");
}

/* What cannot be read may be stricter than the defaults that would hold in its place. */
static void daemon_reload(struct daemon *daemon)
{
	struct config config;
	int r = config_read(&config_directories, daemon->arguments, &config);

	if (r < 0) {
		log_error("The configuration cannot be read again, and stays as it was: %s.",
			  strerror(-r));
	} else if (config.incomplete) {
		log_error("A file of the configuration cannot be read, so all of it stays as it "
			  "was.");
		config_clear(&config);
	} else {
		daemon_take_config(daemon, &config);
	}
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			    void *userdata)
{
	struct daemon *daemon = userdata;

	if (daemon->stopping)
		return 0;
	notify_reloading();
	daemon_reload(daemon);
	notify_ready();
	return 0;
}

static void on_bus_lost(void *userdata)
{
	log_error("The system bus has gone away.");
	daemon_stop(userdata, -ECONNRESET);
}

static int daemon_handle_signals(struct daemon *daemon)
{
	int r = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_stop_signal, daemon);

	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGINT, on_stop_signal, daemon);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_reload_signal, daemon);
	return r;
}

static int daemon_open_bus(struct daemon *daemon)
{
	int r = bus_open(daemon->event, on_bus_lost, daemon, &daemon->bus);

	if (r < 0)
		log_error("The system bus cannot be reached: %s. dbus.service must be running, and "
			  "DBUS_SYSTEM_BUS_ADDRESS, where it is set, must name its socket.",
			  strerror(-r));
	else
		bus_hold(daemon->bus, true);
	return r;
}

static int daemon_request_name(struct daemon *daemon)
{
	int r = bus_request_name(daemon->bus, "org.jpkid1");

	if (r == -EACCES)
		log_error("The bus does not let user %u have the name org.jpkid1: the bus policy "
			  "org.jpkid1.conf is missing or damaged, or jpkid does not run as the "
			  "user jpkid.",
			  geteuid());
	else if (r == -EEXIST)
		log_error("The name org.jpkid1 is taken on the bus: another jpkid is running; end "
			  "it.");
	else if (r < 0)
		log_error("The name org.jpkid1 cannot be had on the bus: %s.", strerror(-r));
	return r;
}

static int daemon_prepare(struct daemon *daemon)
{
	int r = sd_event_new(&daemon->event);

	if (r >= 0)
		r = sd_event_set_watchdog(daemon->event, true);
	if (r >= 0)
		r = daemon_handle_signals(daemon);
	if (r >= 0)
		r = sd_event_add_time_relative(daemon->event, NULL, CLOCK_MONOTONIC, settle_limit,
					       0, on_settle_limit, daemon);
	return check_start(r);
}

static int daemon_init(struct daemon *daemon)
{
	int r = daemon_configure(daemon);

	if (r >= 0)
		r = daemon_prepare(daemon);
	if (r >= 0)
		r = daemon_open_bus(daemon);
	if (r >= 0)
		r = check_start(manager_new(&daemon->config, daemon->event, daemon->bus, on_settled,
					    daemon, &daemon->manager));
	if (r >= 0)
		r = daemon_request_name(daemon);
	if (r < 0)
		return r;
	notify_ready();
	if (sleep_new(daemon->manager, &daemon->sleep) < 0)
		log_warning("No memory to follow when the machine goes to sleep.");
	return 0;
}

int daemon_new(const struct config_arguments *arguments, struct daemon **ret_daemon)
{
	CLEANUP(daemon_freep) struct daemon *daemon = calloc(1, sizeof(*daemon));
	int r;

	if (!daemon)
		return check_start(-ENOMEM);
	daemon->arguments = arguments;
	r = daemon_init(daemon);
	if (r < 0)
		return r;
	*ret_daemon = TAKE(daemon);
	return 0;
}

int daemon_run(struct daemon *daemon)
{
	return sd_event_loop(daemon->event);
}

static struct daemon *daemon_free(struct daemon *daemon)
{
	if (!daemon)
		return NULL;
	drain_stop(&daemon->drain);
	sleep_free(daemon->sleep);
	manager_free(daemon->manager);
	bus_free(daemon->bus);
	sd_event_unref(daemon->event);
	config_clear(&daemon->config);
	free(daemon);
	return NULL;
}

void daemon_freep(struct daemon **daemon)
{
	*daemon = daemon_free(*daemon);
}
