/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jpkictl: the My Number Card on the command line. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "client/command-line.h"
#include "client/failure.h"

/*
 * Where a standard stream is closed, what is opened next would take its number, and get what is
 * meant for the stream. What is put there instead fails when it is used.
 */
static int fill_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		const int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) != fd)
			return -EBADF;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	int failure, r = fill_standard_streams();

	if (r == 0)
		r = secret_protect_process();
	if (r < 0)
		return failure_say(FAILURE_OTHER, "This process cannot be protected: %s",
				   strerror(-r));
	failure = command_line_parse(argc, argv, &arguments);
	return failure != 0 ? failure : arguments.run(&arguments);
}
