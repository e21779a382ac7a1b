/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command line asks for, and the commands. */
#pragma once

#include <stdbool.h>

struct arguments {
	int (*run)(const struct arguments *arguments);
	char **words; /* of --help and completion: all that are no options; NULL ends them */

	const char *applet; /* "auth" or "sign" */
	const char *signature, *file; /* "-": standard input */

	const char *reader, *card; /* which is meant, or NULL */
	const char *output;        /* NULL: standard output */
	bool has_output;           /* even if it is that */
	const char *scheme, *certificate, *ca_dir;
	int pin_fd, new_pin_fd, reset_code_fd; /* -1: somebody is asked */
	bool pin_pad, allow_last_try;
	bool issuer, pem, der, openssh, text, json;
	bool attached, raw;
	bool help, version;
};

int command_status(const struct arguments *arguments);
int command_cert(const struct arguments *arguments);
int command_sign(const struct arguments *arguments);
int command_verify(const struct arguments *arguments);
int command_diagnose(const struct arguments *arguments);
int command_monitor(const struct arguments *arguments);
int command_pin_status(const struct arguments *arguments);
int command_pin_verify(const struct arguments *arguments);
int command_pin_change(const struct arguments *arguments);
int command_pin_reset(const struct arguments *arguments);
