/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/process.h"
#include "base/secret.h"
#include "daemon/config-file.h"
#include "daemon/drain.h"
#include "daemon/manager.h"
#include "daemon/sleep.h"
#include "systemd/journal.h"
#include "systemd/notify.h"

/* Ready without knowing what is in a reader that is slow: its objects follow. Microseconds. */
static const uint64_t settle_limit = 1000000;

static const struct config_directories config_directories = { SYSCONFDIR, PREFIX "/lib" };

struct daemon {
	struct config_arguments arguments;
	struct config config;
	sd_event *event;
	struct bus *bus;
	struct manager *manager;
	struct sleep *sleep;
	struct drain drain;
	bool ready;
	bool stopping;
	int status; /* with which it stops */
};

static void daemon_clear(struct daemon *daemon)
{
	drain_stop(&daemon->drain);
	sleep_free(daemon->sleep);
	manager_free(daemon->manager);
	bus_free(daemon->bus);
	sd_event_unref(daemon->event);
	config_clear(&daemon->config);
}

/* What is there is on the bus; now it can be found there. */
static void daemon_become_ready(void *userdata)
{
	struct daemon *daemon = userdata;
	int r;

	if (daemon->ready || daemon->stopping)
		return;
	r = bus_request_name(daemon->bus, "org.jpkid1");
	if (r < 0) {
		log_error("The name org.jpkid1 cannot be had on the bus: %s. Is another jpkid "
			  "running, or its bus policy not installed?",
			  strerror(-r));
		sd_event_exit(daemon->event, r);
		return;
	}
	daemon->ready = true;
	notify_ready();
	if (sleep_new(daemon->manager, &daemon->sleep) < 0)
		log_warning("No memory to follow when the machine goes to sleep");
}

static int on_settle_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	daemon_become_ready(userdata);
	return 0;
}

static void on_drained(bool drained, void *userdata)
{
	struct daemon *daemon = userdata;

	if (!drained)
		log_warning("A reader does not let go of its card; leaving without it.");
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
	manager_stop(daemon->manager);
	drain_start(&daemon->drain, daemon->event, on_drained, daemon);
	return 0;
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			  void *userdata)
{
	(void)source;
	(void)info;
	return daemon_stop(userdata, 0);
}

/* A level that was set since (LogControl1) stays while the configured one is the same. */
static void daemon_take_config(struct daemon *daemon, struct config *config)
{
	CLEANUP(config_clear) struct config old = daemon->config;

	daemon->config = *config;
	if (daemon->config.log_level != old.log_level)
		log_set_level(daemon->config.log_level);
	manager_follow_config(daemon->manager, daemon->config.exclusive != old.exclusive);
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			    void *userdata)
{
	struct daemon *daemon = userdata;
	struct config config;
	int r;

	if (daemon->stopping)
		return 0;
	if (daemon->ready)
		notify_reloading();
	r = config_read(&config_directories, &daemon->arguments, &config);
	if (r == 0)
		daemon_take_config(daemon, &config);
	else
		log_error("The configuration cannot be read anew, and stays as it was: %s",
			  strerror(-r));
	if (daemon->ready)
		notify_ready();
	return 0;
}

static void on_bus_lost(void *userdata)
{
	log_error("The system bus has gone away.");
	daemon_stop(userdata, -ECONNRESET);
}

static int daemon_init(struct daemon *daemon)
{
	int r = sd_event_new(&daemon->event);

	if (r >= 0)
		r = sd_event_set_watchdog(daemon->event, true);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_stop_signal, daemon);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGINT, on_stop_signal, daemon);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_reload_signal, daemon);
	if (r >= 0)
		r = bus_open(daemon->event, on_bus_lost, daemon, &daemon->bus);
	if (r >= 0)
		r = sd_event_add_time_relative(daemon->event, NULL, CLOCK_MONOTONIC, settle_limit,
					       0, on_settle_limit, daemon);
	if (r >= 0)
		r = manager_new(&daemon->config, daemon->event, daemon->bus, daemon_become_ready,
				daemon, &daemon->manager);
	return r;
}

/* A lack of locked memory is the administrator's to know, not the first caller's. */
static int check_locked_memory(void)
{
	CLEANUP(secret_freep) struct secret *secret = secret_new(1);

	if (!secret)
		log_error("Memory cannot be locked, so PINs could reach the disk: LimitMEMLOCK "
			  "must be 64K, and a container must allow mlock.");
	return secret ? 0 : -ENOMEM;
}

/* Before the first thread and the first secret. */
static int prepare_process(void)
{
	sigset_t handled;
	int r;

	umask(0077);
	sigemptyset(&handled);
	sigaddset(&handled, SIGTERM);
	sigaddset(&handled, SIGINT);
	sigaddset(&handled, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &handled, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	r = secret_protect_process();
	return r < 0 ? r : check_locked_memory();
}

int main(int argc, char **argv)
{
	CLEANUP(daemon_clear) struct daemon daemon = { 0 };
	int r = process_fill_standard_streams();

	if (r == 0)
		r = config_from_arguments(argc, argv, &daemon.arguments);
	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (journal_is_connected())
		log_set_sink(journal_log);

	r = prepare_process();
	if (r >= 0)
		r = config_read(&config_directories, &daemon.arguments, &daemon.config);
	if (r >= 0) {
		log_set_level(daemon.config.log_level);
		r = daemon_init(&daemon);
	}
	if (r < 0) {
		log_error("jpkid cannot start: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	return sd_event_loop(daemon.event) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
