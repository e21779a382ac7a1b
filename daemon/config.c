/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include <config.h>

static const char help[] =
	"Usage: jpkid [OPTION]…\n"
	"Holds the JPKI cards of this machine for the programs on its system bus.\n\n"
	"  --hold=exclusive|shared  whether other programs may use a card too (default: "
	"exclusive)\n"
	"  --log-level=LEVEL        err, warning, notice, info or debug (default: info)\n"
	"  --help                   this text\n"
	"  --version                the version\n\n"
	"See jpkid(8).\n";

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? -EIO : 1;
}

static int set_hold(const char *value, struct config *config)
{
	if (strcmp(value, "exclusive") == 0)
		config->exclusive = true;
	else if (strcmp(value, "shared") == 0)
		config->exclusive = false;
	else
		return -EINVAL;
	return 0;
}

static int set_log_level(const char *value, struct config *config)
{
	config->log_level = log_level_from_name(value);
	return config->log_level < 0 ? -EINVAL : 0;
}

int config_from_arguments(int argc, char **argv, struct config *ret_config)
{
	static const struct option options[] = {
		{ "hold", required_argument, NULL, 'H' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	struct config config = { .exclusive = true, .log_level = LOG_INFO };
	int option, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'H':
			r = set_hold(optarg, &config);
			break;
		case 'l':
			r = set_log_level(optarg, &config);
			break;
		case 'h':
			return print(help);
		case 'v':
			return print("jpkid " PACKAGE_VERSION "\n");
		default:
			return -EINVAL;
		}
		if (r < 0)
			fprintf(stderr, "jpkid: no such value: %s; see jpkid --help\n", optarg);
	}
	if (r == 0 && optind < argc) {
		fprintf(stderr, "jpkid: takes no arguments, but was given %s; see jpkid --help\n",
			argv[optind]);
		r = -EINVAL;
	}
	if (r == 0)
		*ret_config = config;
	return r;
}
