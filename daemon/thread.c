/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/thread.h"

#include <pthread.h>
#include <signal.h>

int thread_start(void *(*function)(void *), void *userdata)
{
	pthread_t thread;
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, function, userdata);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		return -error;
	pthread_detach(thread);
	return 0;
}
