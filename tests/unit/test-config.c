/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the command line and the table of keys take, that a mistake is named, and that the manual and
 * the example file have the table's keys and defaults. The files are test-config-file.c's.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "daemon/config.h"
#include <config.h>

enum {
	ARGUMENTS_MAX = 4,
};

static char said[2][2048]; /* on standard output and error */

/* Standard output or error into a file, and back. */
static int divert(FILE *stream, int *ret_original)
{
	int file = memfd_create("said", MFD_CLOEXEC);

	fflush(stream);
	*ret_original = dup(fileno(stream));
	assert_true(file >= 0 && *ret_original >= 0);
	assert_true(dup2(file, fileno(stream)) >= 0);
	return file;
}

static void restore(FILE *stream, int file, int original, char *text)
{
	ssize_t length;

	fflush(stream);
	assert_true(dup2(original, fileno(stream)) >= 0);
	close(original);
	length = pread(file, text, sizeof(said[0]) - 1, 0);
	assert_true(length >= 0);
	text[length] = '\0';
	close(file);
}

static int parse(const char *first, const char *second, struct config_arguments *ret_arguments)
{
	static char one[64], two[64];
	char program[] = "jpkid";
	char *argv[ARGUMENTS_MAX] = { program };
	int argc = 1, output, error, files[2], r;

	if (first)
		argv[argc++] = strcpy(one, first);
	if (second)
		argv[argc++] = strcpy(two, second);
	files[0] = divert(stdout, &output);
	files[1] = divert(stderr, &error);
	optind = 0; /* getopt_long() begins anew */
	r = config_from_arguments(argc, argv, ret_arguments);
	restore(stdout, files[0], output, said[0]);
	restore(stderr, files[1], error, said[1]);
	return r;
}

static void assert_config(const char *first, const char *second, bool exclusive, int log_level)
{
	CLEANUP(config_clear) struct config config = { 0 };
	struct config_arguments arguments;

	assert_int_equal(parse(first, second, &arguments), 0);
	assert_int_equal(config_init(&config), 0);
	assert_int_equal(config_apply_arguments(&config, &arguments), 0);
	assert_int_equal(config.exclusive, exclusive);
	assert_int_equal(config.log_level, log_level);
	assert_string_equal(said[0], "");
	assert_string_equal(said[1], "");
}

static void without_options_cards_are_held_exclusively_and_the_log_is_info(void **state)
{
	assert_config(NULL, NULL, true, LOG_INFO);
}

static void each_option_is_taken_in_both_spellings(void **state)
{
	assert_config("--hold=shared", NULL, false, LOG_INFO);
	assert_config("--hold=exclusive", NULL, true, LOG_INFO);
	assert_config("--hold", "shared", false, LOG_INFO);
	assert_config("--log-level=err", NULL, true, LOG_ERR);
	assert_config("--log-level=warning", NULL, true, LOG_WARNING);
	assert_config("--log-level=notice", NULL, true, LOG_NOTICE);
	assert_config("--log-level=info", NULL, true, LOG_INFO);
	assert_config("--log-level", "debug", true, LOG_DEBUG);
	assert_config("--hold=shared", "--log-level=debug", false, LOG_DEBUG);
}

static void the_last_of_two_counts(void **state)
{
	assert_config("--hold=shared", "--hold=exclusive", true, LOG_INFO);
}

static void a_mistake_is_named_and_changes_nothing(void **state)
{
	static const struct {
		const char *first, *second, *named;
	} mistakes[] = {
		{ "--hold=both", NULL, "both" },
		{ "--hold=", NULL, "no such value" },
		{ "--hold=Shared", NULL, "Shared" },
		{ "--hold", NULL, "hold" },
		{ "--log-level=loud", NULL, "loud" },
		{ "--log-level=7", NULL, "7" },
		{ "--log-level=crit", NULL, "crit" },
		{ "--log", "debug", "log-level" },
		{ "--log-leve=debug", NULL, "log-level" },
		{ "--h=shared", NULL, "--h" },
		{ "--hol=shared", NULL, "hold" },
		{ "--hel", NULL, "help" },
		{ "--unknown", NULL, "unknown" },
		{ "-h", NULL, "h" },
		{ "stray", NULL, "stray" },
		{ "--hold=shared", "stray", "stray" },
		{ "--", "stray", "stray" },
		{ "--hold=both", "--log-level=debug", "both" },
	};

	for (size_t i = 0; i < LENGTH_OF(mistakes); i++) {
		struct config_arguments arguments = { .hold = "untouched" };

		assert_int_equal(parse(mistakes[i].first, mistakes[i].second, &arguments), -EINVAL);
		assert_non_null(strstr(said[1], mistakes[i].named));
		assert_string_equal(said[0], "");
		assert_string_equal(arguments.hold, "untouched");
		assert_null(arguments.log_level);
	}
}

static void help_names_every_option_on_standard_output(void **state)
{
	static const char *const options[] = { "--hold=", "--log-level=", "--help", "--version" };
	struct config_arguments arguments;

	assert_int_equal(parse("--help", NULL, &arguments), 1);
	for (size_t i = 0; i < LENGTH_OF(options); i++)
		assert_non_null(strstr(said[0], options[i]));
	assert_string_equal(said[1], "");
}

static void version_is_one_line(void **state)
{
	struct config_arguments arguments;

	assert_int_equal(parse("--version", NULL, &arguments), 1);
	assert_string_equal(said[0], "jpkid " PACKAGE_VERSION "\n");
	assert_string_equal(said[1], "");
}

/* --- the table ------ */

static struct config new_config(void)
{
	struct config config;

	assert_int_equal(config_init(&config), 0);
	return config;
}

static const struct config_key *find(const char *section, const char *name)
{
	const struct config_key *key = config_find_key(section, name);

	assert_non_null(key);
	return key;
}

static void the_defaults_are_those_that_the_contract_promises(void **state)
{
	static const unsigned int waits[RULES_WAITS] = { 60, 600, 3600 };
	CLEANUP(config_clear) struct config config = new_config();

	assert_true(config.exclusive);
	assert_int_equal(config.rules.reserve, 1);
	assert_memory_equal(config.rules.hold_off, waits, sizeof(waits));
	assert_int_equal(config.unlock_time, 300);
	assert_int_equal(config.calls, 128);
	assert_int_equal(config.calls_per_caller, 16);
	assert_int_equal(config.unlocks_per_user, 16);
	assert_int_equal(config.log_level, LOG_INFO);
	assert_true(config_uses_reader(&config, "any"));
}

static void each_default_is_a_value_that_can_be_written(void **state)
{
	CLEANUP(config_clear) struct config config = new_config();

	for (const struct config_key *key = config_keys; key->name; key++)
		assert_int_equal(key->parse(key, key->fallback, (char *)&config + key->member), 0);
}

static void a_number_keeps_to_its_range_and_its_digits(void **state)
{
	static const char *const wrong[] = { "0", "5", "-1", "+1", "1 ", " 1", "0x1", "1.", "1e0",
					     "one", "18446744073709551617", "4294967297" };
	CLEANUP(config_clear) struct config config = new_config();
	const struct config_key *key = find("Pin", "Reserve");

	for (size_t i = 0; i < LENGTH_OF(wrong); i++) {
		assert_int_equal(config_set(&config, key, "3"), 0);
		assert_int_equal(config.rules.reserve, 3);
		assert_int_equal(config_set(&config, key, wrong[i]), -EINVAL);
		assert_int_equal(config.rules.reserve, 1);
	}
	assert_int_equal(config_set(&config, key, "4"), 0);
	assert_int_equal(config.rules.reserve, 4);
	assert_int_equal(config_set(&config, key, ""), 0);
	assert_int_equal(config.rules.reserve, 1);
}

static void both_ends_of_each_range_are_in_it(void **state)
{
	CLEANUP(config_clear) struct config config = new_config();

	for (const struct config_key *key = config_keys; key->name; key++) {
		char text[4][32];

		if (key->min == 0)
			continue;
		snprintf(text[0], sizeof(text[0]), "%u", key->min);
		snprintf(text[1], sizeof(text[1]), "%u", key->max);
		snprintf(text[2], sizeof(text[2]), "%u", key->min - 1);
		snprintf(text[3], sizeof(text[3]), "%u", key->max + 1);
		for (int i = 0; i < 4; i++)
			assert_int_equal(config_set(&config, key, text[i]), i < 2 ? 0 : -EINVAL);
		assert_non_null(strstr(key->must, text[0]));
		assert_non_null(strstr(key->must, text[1]));
	}
}

static void waits_can_only_be_made_longer(void **state)
{
	static const struct {
		const char *text;
		unsigned int waits[RULES_WAITS]; /* 0: wrong, the default holds */
	} cases[] = {
		{ "60 600 3600", { 60, 600, 3600 } },
		{ "86400 86400 86400", { 86400, 86400, 86400 } },
		{ "61\t600  3601", { 61, 600, 3601 } },
		{ "3600 3600 3600", { 3600, 3600, 3600 } },
		{ "59 600 3600", { 0 } },
		{ "60 599 3600", { 0 } },
		{ "60 600 3599", { 0 } },
		{ "700 600 3600", { 0 } },
		{ "60 4000 3600", { 0 } },
		{ "60 600 86401", { 0 } },
		{ "60 600", { 0 } },
		{ "60 600 3600 3600", { 0 } },
		{ "60,600,3600", { 0 } },
		{ "60 600 3600s", { 0 } },
		{ "60 600 99999999999999999999", { 0 } },
		{ "-60 600 3600", { 0 } },
	};
	CLEANUP(config_clear) struct config config = new_config();

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		const bool is_wrong = cases[i].waits[0] == 0;

		config.rules.hold_off[0] = 1;
		assert_int_equal(config_set(&config, find("Pin", "HoldOff"), cases[i].text),
				 is_wrong ? -EINVAL : 0);
		assert_memory_equal(config.rules.hold_off,
				    is_wrong ? cases[0].waits : cases[i].waits,
				    sizeof(cases[i].waits));
	}
}

static void a_reader_is_used_that_no_pattern_speaks_against(void **state)
{
	CLEANUP(config_clear) struct config config = new_config();
	const struct config_key *use = find("Readers", "Use"), *ignore = find("Readers", "Ignore");

	assert_int_equal(config_set(&config, ignore, "ACS *"), 0);
	assert_int_equal(config_set(&config, ignore, "*[0-9] 01"), 0);
	assert_false(config_uses_reader(&config, "ACS ACR122U 00 00"));
	assert_false(config_uses_reader(&config, "Sony RC-S300 00 01"));
	assert_true(config_uses_reader(&config, "Sony RC-S300 00 00"));
	assert_true(config_uses_reader(&config, ""));

	assert_int_equal(config_set(&config, use, "Sony *"), 0);
	assert_int_equal(config_set(&config, use, "?"), 0);
	assert_true(config_uses_reader(&config, "Sony RC-S300 00 00"));
	assert_true(config_uses_reader(&config, "\xFF"));
	assert_false(config_uses_reader(&config, "Sony RC-S300 00 01"));
	assert_false(config_uses_reader(&config, "Gemalto 00 00"));

	assert_int_equal(config_set(&config, use, ""), 0);
	assert_int_equal(config_set(&config, ignore, ""), 0);
	assert_true(config_uses_reader(&config, "ACS ACR122U 00 00"));
}

/* --- what tells of the table ------ */

/* Writes what @section and @key look like there; @key NULL: the section's heading. */
typedef void write_entry(FILE *stream, const char *section, const struct config_key *key);

static void write_example(FILE *stream, const char *section, const struct config_key *key)
{
	if (key)
		fprintf(stream, "#%s=%s\n", key->name, key->fallback);
	else
		fprintf(stream, "[%s]\n", section);
}

static void write_manual(FILE *stream, const char *section, const struct config_key *key)
{
	if (!key)
		fprintf(stream, ".Ss [%s]\n", section);
	else if (*key->fallback)
		fprintf(stream, ".It Cm %s Ns = Ns Cm %s\n", key->name, key->fallback);
	else
		fprintf(stream, ".It Cm %s Ns =\n", key->name);
	if (key && key->min > 0)
		fprintf(stream, "%u to %u.\n", key->min, key->max);
}

/* The lines of a file that begin with one of the two, or with a number. */
static void copy_lines(const char *path, const char *heading, const char *entry, FILE *copy)
{
	const char *const source = getenv("srcdir");
	CLEANUP(freep) char *whole = NULL, *line = NULL;
	size_t room = 0;
	FILE *file;

	assert_true(asprintf(&whole, "%s/%s", source ? source : ".", path) > 0);
	file = fopen(whole, "re");
	assert_non_null(file);
	while (getline(&line, &room, file) >= 0)
		if (strncmp(line, heading, strlen(heading)) == 0 || isdigit((unsigned char)*line) ||
		    (strncmp(line, entry, strlen(entry)) == 0 && line[strlen(entry)] != ' '))
			fputs(line, copy);
	fclose(file);
}

static void assert_tells_of_table(const char *path, const char *heading, const char *entry,
				  write_entry *write)
{
	CLEANUP(freep) char *expected = NULL, *found = NULL;
	size_t expected_length, found_length;
	FILE *stream = open_memstream(&expected, &expected_length);
	const char *section = "";

	for (const struct config_key *key = config_keys; key->name; key++) {
		if (strcmp(section, key->section) != 0)
			write(stream, section = key->section, NULL);
		write(stream, section, key);
	}
	fclose(stream);
	stream = open_memstream(&found, &found_length);
	copy_lines(path, heading, entry, stream);
	fclose(stream);
	assert_string_equal(found, expected);
}

static void the_example_file_has_all_keys_and_their_defaults(void **state)
{
	assert_tells_of_table("daemon/jpkid.conf", "[", "#", write_example);
}

static void the_manual_has_all_keys_and_their_defaults(void **state)
{
	assert_tells_of_table("man/jpkid.conf.5", ".Ss [", ".It Cm ", write_manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_cards_are_held_exclusively_and_the_log_is_info),
		cmocka_unit_test(each_option_is_taken_in_both_spellings),
		cmocka_unit_test(the_last_of_two_counts),
		cmocka_unit_test(a_mistake_is_named_and_changes_nothing),
		cmocka_unit_test(help_names_every_option_on_standard_output),
		cmocka_unit_test(version_is_one_line),
		cmocka_unit_test(the_defaults_are_those_that_the_contract_promises),
		cmocka_unit_test(each_default_is_a_value_that_can_be_written),
		cmocka_unit_test(a_number_keeps_to_its_range_and_its_digits),
		cmocka_unit_test(both_ends_of_each_range_are_in_it),
		cmocka_unit_test(waits_can_only_be_made_longer),
		cmocka_unit_test(a_reader_is_used_that_no_pattern_speaks_against),
		cmocka_unit_test(the_example_file_has_all_keys_and_their_defaults),
		cmocka_unit_test(the_manual_has_all_keys_and_their_defaults),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
