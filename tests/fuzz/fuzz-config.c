/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a configuration file: whatever they are, what holds afterwards is no weaker than
 * what the contract promises, and each complaint is one line of text.
 */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/config-file.h"
#include "tests/fuzz/fuzz.h"

static void check_line(int level, const struct log_fields *fields, const char *line)
{
	HOLDS(level == LOG_ERR && strncmp(line, "FILE:", strlen("FILE:")) == 0);
	for (const char *byte = line; *byte; byte++)
		HOLDS(!iscntrl((unsigned char)*byte) || *byte == '\t');
}

static void require_sound(const struct config *config)
{
	static const unsigned int least[RULES_WAITS] = { 60, 600, 3600 };

	HOLDS(config->rules.reserve >= 1 && config->rules.reserve <= 4);
	for (int i = 0; i < RULES_WAITS; i++)
		HOLDS(config->rules.hold_off[i] >= least[i] &&
		      config->rules.hold_off[i] <= 86400 &&
		      (i == 0 || config->rules.hold_off[i] >= config->rules.hold_off[i - 1]));
	HOLDS(config->unlock_time >= 10 && config->unlock_time <= 300);
	HOLDS(config->calls >= 1 && config->calls <= 128);
	HOLDS(config->calls_per_caller >= 1 && config->calls_per_caller <= 128);
	HOLDS(config->unlocks_per_user >= 1 && config->unlocks_per_user <= 32);
	HOLDS(config->log_level >= LOG_ERR && config->log_level <= LOG_DEBUG);
	HOLDS((config->use.argz == NULL) == (config->use.length == 0));
	HOLDS((config->ignore.argz == NULL) == (config->ignore.length == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	CLEANUP(config_clear) struct config config = { 0 };
	CLEANUP(freep) char *text = malloc(length + 1);

	HOLDS(text && config_init(&config) == 0);
	memcpy(text, bytes, length);
	text[length] = '\0';
	log_set_sink(check_line);
	HOLDS(config_read_text("FILE", text, length, &config) == 0);
	require_sound(&config);
	return 0;
}
