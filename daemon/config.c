/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/config.h"

#include <argz.h>
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/option.h"
#include <config.h>

/* --- values ------ */

static int parse_globs(const struct config_key *key, const char *value, void *member)
{
	struct config_globs *globs = member;

	if (*value)
		return argz_add(&globs->argz, &globs->length, value) == 0 ? 0 : -ENOMEM;
	free(globs->argz);
	*globs = (struct config_globs){ 0 };
	return 0;
}

static int parse_hold(const struct config_key *key, const char *value, void *member)
{
	bool *exclusive = member;

	if (strcmp(value, "exclusive") != 0 && strcmp(value, "shared") != 0)
		return -EINVAL;
	*exclusive = strcmp(value, "exclusive") == 0;
	return 0;
}

/* Errors are never kept from an administrator. */
static int parse_log_level(const struct config_key *key, const char *value, void *member)
{
	const int level = log_level_from_name(value);
	int *log_level = member;

	if (level < LOG_ERR)
		return -EINVAL;
	*log_level = level;
	return 0;
}

/* Digits and nothing else; leaves *text behind them. False: none, or more than @max. */
static bool read_number(const char **text, unsigned int max, unsigned int *ret_number)
{
	char *end;
	unsigned long number;

	if (!isdigit((unsigned char)**text))
		return false;
	number = strtoul(*text, &end, 10);
	*text = end;
	*ret_number = number <= max ? (unsigned int)number : 0;
	return number <= max;
}

static int parse_number(const struct config_key *key, const char *value, void *member)
{
	unsigned int number, *place = member;

	if (!read_number(&value, key->max, &number) || *value || number < key->min)
		return -EINVAL;
	*place = number;
	return 0;
}

static bool read_waits(const char *text, unsigned int max, unsigned int *ret_waits)
{
	for (int i = 0; i < RULES_WAITS; i++) {
		text += strspn(text, " \t");
		if (!read_number(&text, max, &ret_waits[i]))
			return false;
	}
	return *text == '\0';
}

/* The default is what org.jpkid1(5) promises, and can only be made longer. */
static int parse_hold_off(const struct config_key *key, const char *value, void *member)
{
	unsigned int least[RULES_WAITS], waits[RULES_WAITS];

	if (!read_waits(key->fallback, key->max, least) || !read_waits(value, key->max, waits))
		return -EINVAL;
	for (int i = 0; i < RULES_WAITS; i++)
		if (waits[i] < least[i] || (i > 0 && waits[i] < waits[i - 1]))
			return -EINVAL;
	memcpy(member, waits, sizeof(waits));
	return 0;
}

/* --- the table ------ */

#define MEMBER(member_) .member = offsetof(struct config, member_)
#define NUMBER(min_, max_)                                                                         \
	.parse = parse_number, .min = (min_), .max = (max_),                                       \
	.must = "a number from " #min_ " to " #max_

/* The upper limits of calls and leases are those of the memory that can be locked. */
const struct config_key config_keys[] = {
	{ "Readers", "Use", "", "a pattern", parse_globs, MEMBER(use) },
	{ "Readers", "Ignore", "", "a pattern", parse_globs, MEMBER(ignore) },
	{ "Card", "Hold", "exclusive", "exclusive or shared", parse_hold, MEMBER(exclusive) },
	{ "Pin", "Reserve", "1", NUMBER(1, 4), MEMBER(rules.reserve) },
	{ "Pin", "HoldOff", "60 600 3600",
	  "three numbers of seconds, none less than in the default or than the one before it, and "
	  "none above 86400",
	  parse_hold_off, MEMBER(rules.hold_off), .max = 86400 },
	{ "Pin", "UnlockTime", "300", NUMBER(10, 300), MEMBER(unlock_time) },
	{ "Limits", "Calls", "128", NUMBER(1, 128), MEMBER(calls) },
	{ "Limits", "CallsPerCaller", "16", NUMBER(1, 128), MEMBER(calls_per_caller) },
	{ "Limits", "UnlocksPerUser", "16", NUMBER(1, 32), MEMBER(unlocks_per_user) },
	{ "Log", "Level", "info", "err, warning, notice, info or debug", parse_log_level,
	  MEMBER(log_level) },
	{ 0 },
};

const struct config_key *config_find_key(const char *section, const char *name)
{
	for (const struct config_key *key = config_keys; key->name; key++)
		if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

static int key_parse(const struct config_key *key, const char *value, struct config *config)
{
	return key->parse(key, value, (char *)config + key->member);
}

int config_set(struct config *config, const struct config_key *key, const char *value)
{
	int r = key_parse(key, *value ? value : key->fallback, config);

	if (r == -EINVAL)
		key_parse(key, key->fallback, config);
	return r;
}

int config_init(struct config *ret_config)
{
	int r = 0;

	*ret_config = (struct config){ 0 };
	for (const struct config_key *key = config_keys; r == 0 && key->name; key++)
		r = config_set(ret_config, key, "");
	return r;
}

void config_clear(struct config *config)
{
	free(config->use.argz);
	free(config->ignore.argz);
	*config = (struct config){ 0 };
}

static bool globs_match(const struct config_globs *globs, const char *name)
{
	const char *glob = NULL;

	while ((glob = argz_next(globs->argz, globs->length, glob)))
		if (fnmatch(glob, name, 0) == 0)
			return true;
	return false;
}

bool config_uses_reader(const struct config *config, const char *name)
{
	return (!config->use.argz || globs_match(&config->use, name)) &&
	       !globs_match(&config->ignore, name);
}

/* --- the command line ------ */

static const char help[] =
	"Usage: jpkid [OPTION]…\n"
	"Holds the JPKI cards of this machine for the programs on its system bus.\n\n"
	"  --hold=exclusive|shared  whether other programs may use a card too\n"
	"  --log-level=LEVEL        err, warning, notice, info or debug\n"
	"  --help                   this text\n"
	"  --version                the version\n\n"
	"What is not given here, jpkid.conf(5) says. See jpkid(8).\n";

static const struct option options[] = {
	{ "hold", required_argument, NULL, 'H' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? -EIO : 1;
}

static int refuse(const char *complaint, const char *word)
{
	fprintf(stderr, "jpkid: %s: %s; see jpkid --help\n", complaint, word);
	return -EINVAL;
}

static int apply(struct config *config, const char *section, const char *name, const char *value)
{
	return value ? config_set(config, config_find_key(section, name), value) : 0;
}

int config_apply_arguments(struct config *config, const struct config_arguments *arguments)
{
	int r = apply(config, "Card", "Hold", arguments->hold);

	return r == 0 ? apply(config, "Log", "Level", arguments->log_level) : r;
}

/* Whether what the command line says so far can be. */
static int check_arguments(const struct config_arguments *arguments)
{
	CLEANUP(config_clear) struct config config = { 0 };
	int r = *optarg ? config_apply_arguments(&config, arguments) : -EINVAL;

	return r == -EINVAL ? refuse("no such value", optarg) : r;
}

int config_from_arguments(int argc, char **argv, struct config_arguments *ret_arguments)
{
	struct config_arguments arguments = { 0 };
	int option, index = 0, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (option == '?')
			return -EINVAL;
		if (!option_is_whole(options[index].name, argv))
			return refuse("an option must be written in full", options[index].name);
		switch (option) {
		case 'H':
			arguments.hold = optarg;
			break;
		case 'l':
			arguments.log_level = optarg;
			break;
		case 'h':
			return print(help);
		default:
			return print("jpkid " PACKAGE_VERSION "\n");
		}
		r = check_arguments(&arguments);
	}
	if (r == 0 && optind < argc)
		r = refuse("takes no arguments, but was given", argv[optind]);
	if (r == 0)
		*ret_arguments = arguments;
	return r;
}
