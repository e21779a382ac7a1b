/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/inquiry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "client/jpkid-agent/prompt.h"

enum {
	/* How the process that asks ends. */
	STATUS_ANSWERED = 0,
	STATUS_DISMISSED,
	STATUS_FAILED,

	GRACE_USEC = 1 * USEC_PER_SEC,	  /* to restore a terminal */
	OVERTIME_USEC = 2 * USEC_PER_SEC, /* for a dialog that should end by itself */
};

struct inquiry {
	pid_t pid; /* also its session's and process group's, which has pinentry in it */
	int reader;
	bool is_stopping;
	sd_event_source *child, *timer;
	inquiry_done *done;
	void *userdata;
};

/* --- the process that asks ------ */

static void do_nothing(int number)
{
}

static int process_prepare(pid_t parent)
{
	/* Pinentry ends at SIGTERM and restores its terminal; this process hears of it so. */
	const struct sigaction action = { .sa_handler = do_nothing, .sa_flags = SA_RESTART };
	const struct rlimit no_core = { 0, 0 };
	sigset_t none;

	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0 ||
	    sigaction(SIGTERM, &action, NULL) < 0 || signal(SIGINT, SIG_DFL) == SIG_ERR ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return -errno;
	/* Without a controlling terminal, whose shell would stop what is in the background. */
	if (setsid() < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

/* Of all that was open, this process keeps the standard streams and @fd. */
static int process_close_others(int fd)
{
	if (fd > STDERR_FILENO + 1 && close_range(STDERR_FILENO + 1, (unsigned int)fd - 1, 0) < 0)
		return -errno;
	return close_range((unsigned int)fd + 1, UINT_MAX, 0) < 0 ? -errno : 0;
}

static int process_run(const struct prompt *prompt, pid_t parent, int writer)
{
	CLEANUP(secret_freep) struct secret *pin = NULL;
	int r = process_prepare(parent);

	if (r == 0)
		r = process_close_others(writer);
	if (r == 0)
		r = prompt_ask(prompt, &pin);
	if (r == 0)
		r = secret_write(pin, writer);
	if (r == 0)
		return STATUS_ANSWERED;
	return r == ANSWER_DISMISSED ? STATUS_DISMISSED : STATUS_FAILED;
}

/* --- the process that waits ------ */

static void inquiry_free(struct inquiry *inquiry)
{
	if (!inquiry)
		return;
	sd_event_source_disable_unref(inquiry->child);
	sd_event_source_disable_unref(inquiry->timer);
	closep(&inquiry->reader);
	free(inquiry);
}

static void inquiry_freep(struct inquiry **inquiry)
{
	inquiry_free(*inquiry);
}

static void inquiry_signal(const struct inquiry *inquiry, int number)
{
	/* Before its setsid() there is no such group. */
	if (kill(-inquiry->pid, number) < 0)
		kill(inquiry->pid, number);
}

static int result_of(const struct inquiry *inquiry, const siginfo_t *info)
{
	if (inquiry->is_stopping)
		return ANSWER_DISMISSED;
	if (info->si_code != CLD_EXITED)
		return -EIO;
	switch (info->si_status) {
	case STATUS_ANSWERED:
		return 0;
	case STATUS_DISMISSED:
		return ANSWER_DISMISSED;
	default:
		return -EIO;
	}
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *userdata)
{
	struct inquiry *inquiry = userdata;

	/* What is left of pinentry; the group's number is not free before this function returns. */
	inquiry_signal(inquiry, SIGKILL);
	inquiry->done(result_of(inquiry, info), inquiry->reader, inquiry->userdata);
	inquiry_free(inquiry);
	return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct inquiry *inquiry = userdata;

	if (inquiry->is_stopping)
		inquiry_signal(inquiry, SIGKILL);
	else
		inquiry_stop(inquiry);
	return 0;
}

void inquiry_stop(struct inquiry *inquiry)
{
	if (inquiry->is_stopping)
		return;
	inquiry->is_stopping = true;
	inquiry_signal(inquiry, SIGTERM);
	sd_event_source_set_time_relative(inquiry->timer, GRACE_USEC);
	sd_event_source_set_enabled(inquiry->timer, SD_EVENT_ONESHOT);
}

static int inquiry_watch(struct inquiry *inquiry, sd_event *event, uint64_t deadline)
{
	int r = sd_event_add_child(event, &inquiry->child, inquiry->pid, WEXITED, on_exit_of_child,
				   inquiry);

	if (r == 0)
		r = sd_event_add_time(event, &inquiry->timer, CLOCK_MONOTONIC,
				      deadline + OVERTIME_USEC, 0, on_time, inquiry);
	if (r < 0) {
		kill(inquiry->pid, SIGKILL);
		waitpid(inquiry->pid, NULL, 0);
	}
	return r;
}

int inquiry_start(sd_event *event, const struct prompt *prompt, inquiry_done *done, void *userdata,
		  struct inquiry **ret_inquiry)
{
	CLEANUP(inquiry_freep) struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
	CLEANUP(closep) int writer = -1;
	const pid_t parent = getpid();
	int ends[2], r;

	if (!inquiry)
		return -ENOMEM;
	*inquiry = (struct inquiry){ .reader = -1, .done = done, .userdata = userdata };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	inquiry->reader = ends[0];
	writer = ends[1];

	inquiry->pid = fork();
	if (inquiry->pid < 0)
		return -errno;
	if (inquiry->pid == 0)
		_exit(process_run(prompt, parent, writer));
	r = inquiry_watch(inquiry, event, prompt->deadline);
	if (r == 0)
		*ret_inquiry = TAKE(inquiry);
	return r;
}
