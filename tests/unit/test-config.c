/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command line may say, and that a mistake is named. */
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

static int parse(const char *first, const char *second, struct config *ret_config)
{
	char program[] = "jpkid", one[64] = "", two[64] = "";
	char *argv[ARGUMENTS_MAX] = { program };
	int argc = 1, output, error, files[2], r;

	if (first)
		argv[argc++] = strcpy(one, first);
	if (second)
		argv[argc++] = strcpy(two, second);
	files[0] = divert(stdout, &output);
	files[1] = divert(stderr, &error);
	optind = 0; /* getopt_long() begins anew */
	r = config_from_arguments(argc, argv, ret_config);
	restore(stdout, files[0], output, said[0]);
	restore(stderr, files[1], error, said[1]);
	return r;
}

static void assert_config(const char *first, const char *second, bool exclusive, int log_level)
{
	struct config config;

	assert_int_equal(parse(first, second, &config), 0);
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
		{ "--unknown", NULL, "unknown" },
		{ "-h", NULL, "h" },
		{ "stray", NULL, "stray" },
		{ "--hold=shared", "stray", "stray" },
		{ "--", "stray", "stray" },
		{ "--hold=both", "--log-level=debug", "both" },
	};

	for (size_t i = 0; i < LENGTH_OF(mistakes); i++) {
		struct config config = { .log_level = 99 };

		assert_int_equal(parse(mistakes[i].first, mistakes[i].second, &config), -EINVAL);
		assert_non_null(strstr(said[1], mistakes[i].named));
		assert_string_equal(said[0], "");
		assert_int_equal(config.log_level, 99);
		assert_false(config.exclusive);
	}
}

static void help_names_every_option_on_standard_output(void **state)
{
	static const char *const options[] = { "--hold=", "--log-level=", "--help", "--version" };
	struct config config;

	assert_int_equal(parse("--help", NULL, &config), 1);
	for (size_t i = 0; i < LENGTH_OF(options); i++)
		assert_non_null(strstr(said[0], options[i]));
	assert_string_equal(said[1], "");
}

static void version_is_one_line(void **state)
{
	struct config config;

	assert_int_equal(parse("--version", NULL, &config), 1);
	assert_string_equal(said[0], "jpkid " PACKAGE_VERSION "\n");
	assert_string_equal(said[1], "");
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
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
