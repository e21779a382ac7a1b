/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/process.h"
#include "base/secret.h"
#include "daemon/daemon.h"
#include "systemd/journal.h"

/* A lack of locked memory is the administrator's to know, not the first caller's. */
static int check_locked_memory(void)
{
	CLEANUP(secret_freep) struct secret *secret = secret_new(1);

	if (!secret)
		log_error("Memory cannot be locked, so PINs could reach the disk: LimitMEMLOCK "
			  "must be 64K, and a container must allow mlock.");
	return secret ? 0 : -EPERM;
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
	r = sigprocmask(SIG_BLOCK, &handled, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ?
		    -errno :
		    secret_protect_process();
	if (r < 0)
		log_error("jpkid cannot start: %s.", strerror(-r));
	return r < 0 ? r : check_locked_memory();
}

/* By it the unit tells what a restart may mend from what only an administrator can. */
static int exit_status(int r)
{
	switch (r) {
	case -EINVAL:
		return EX_CONFIG;
	case -EACCES:
	case -EPERM:
		return EX_NOPERM;
	case -EEXIST:
		return EX_UNAVAILABLE;
	default:
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
}

int main(int argc, char **argv)
{
	struct config_arguments arguments;
	CLEANUP(daemon_freep) struct daemon *daemon = NULL;
	int r = process_fill_standard_streams();

	if (r == 0)
		r = config_from_arguments(argc, argv, &arguments);
	if (r != 0)
		return r < 0 ? EX_USAGE : EXIT_SUCCESS;
	if (journal_is_connected())
		log_set_sink(journal_log);

	r = prepare_process();
	if (r >= 0)
		r = daemon_new(&arguments, &daemon);
	return exit_status(r < 0 ? r : daemon_run(daemon));
}
