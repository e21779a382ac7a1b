/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jpkictl: the My Number Card on the command line. commands.c has what it can do. */
#include <string.h>

#include "base/process.h"
#include "base/secret.h"
#include "client/failure.h"
#include "client/jpkictl/command-line.h"
#include "client/language.h"

int main(int argc, char **argv)
{
	struct arguments arguments;
	int failure, r = process_fill_standard_streams();

	language_begin();
	if (r == 0)
		r = secret_protect_process();
	if (r < 0)
		return failure_say(FAILURE_OTHER, _("This process cannot be protected: %s"),
				   strerror(-r));
	failure = command_line_parse(argc, argv, &arguments);
	return failure != 0 ? failure : arguments.run(&arguments);
}
