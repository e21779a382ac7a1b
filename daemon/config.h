/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an administrator can choose, in jpkid.conf(5) and on the command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/rules.h"

/* Patterns of fnmatch(3), one after the other; see argz(3). */
struct config_globs {
	char *argz;
	size_t length;
};

struct config {
	struct config_globs use, ignore; /* readers */
	bool exclusive;                  /* hold a JPKI card for the daemon alone */
	struct rules rules;
	unsigned int unlock_time; /* seconds */
	unsigned int calls, calls_per_caller, unlocks_per_user;
	int log_level; /* of syslog(3) */
	bool incomplete; /* a file could not be read, and may have been stricter */
};

/* One that a file can set. */
struct config_key {
	const char *section, *name;
	const char *fallback; /* the default, as a file would have it */
	const char *must;     /* be what: goes on after "must be" */
	/* 0, and only then the member is written; -EINVAL; -ENOMEM. */
	int (*parse)(const struct config_key *key, const char *value, void *member);
	size_t member; /* of struct config */
	unsigned int min, max;
};

/* All of them, those of a section together; the last has no name. */
extern const struct config_key config_keys[];

/* NULL: there is none. */
const struct config_key *config_find_key(const char *section, const char *name);

/* 0 or -ENOMEM. Then the caller's to config_clear(). */
int config_init(struct config *ret_config);
void config_clear(struct config *config);

/*
 * Sets what @key is about; an empty value stands for the default. -EINVAL: it is not what it must
 * be, and the default holds. -ENOMEM: nothing has changed.
 */
int config_set(struct config *config, const struct config_key *key, const char *value);

/* A reader of this name (pcscd's bytes) is this daemon's business. */
bool config_uses_reader(const struct config *config, const char *name);

/* What the command line says; NULL: nothing. */
struct config_arguments {
	const char *hold, *log_level;
};

/*
 * Reads the command line; @argv must last. 0: run. 1: --help or --version has been answered.
 * -EINVAL: a mistake, and standard error says which. -ENOMEM.
 */
int config_from_arguments(int argc, char **argv, struct config_arguments *ret_arguments);

/* What it says holds, whatever the files say. 0 or -ENOMEM. */
int config_apply_arguments(struct config *config, const struct config_arguments *arguments);
