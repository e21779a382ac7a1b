/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files count, in which order, and that none of them, whatever it is, stops the daemon. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/config-file.h"

enum {
	PATH_SIZE = 128,
	LOG_SIZE = 16384,
	NOBODY = 65534,
};

static char top[PATH_SIZE], etc[PATH_SIZE + 8], lib[PATH_SIZE + 8];
static char said[LOG_SIZE];
static unsigned int lines_said;

static void keep_line(int level, const struct log_fields *fields, const char *line)
{
	assert_int_equal(level, LOG_ERR);
	lines_said++;
	strncat(said, line, sizeof(said) - strlen(said) - 1);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static int set_up(void **state)
{
	snprintf(top, sizeof(top), "%s/jpkid-config.XXXXXX", P_tmpdir);
	if (!mkdtemp(top))
		return -1;
	snprintf(etc, sizeof(etc), "%s/etc", top);
	snprintf(lib, sizeof(lib), "%s/lib", top);
	log_set_sink(keep_line);
	return chmod(top, 0755) < 0 || mkdir(etc, 0755) < 0 || mkdir(lib, 0755) < 0 ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	return remove(path);
}

static int tear_down(void **state)
{
	if (geteuid() == NOBODY && seteuid(0) < 0)
		return -1;
	return nftw(top, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of one of the directories' files; a drop-in's directory is made. */
static const char *place(const char *directory, const char *name)
{
	static char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/jpkid.conf.d", directory);
	mkdir(path, 0700);
	if (name)
		snprintf(path, sizeof(path), "%s/jpkid.conf.d/%s", directory, name);
	else
		snprintf(path, sizeof(path), "%s/jpkid.conf", directory);
	return path;
}

static void write_bytes(const char *path, const char *bytes, size_t length)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* @name NULL: the main file. */
static void put(const char *directory, const char *name, const char *text)
{
	write_bytes(place(directory, name), text, strlen(text));
}

static struct config read_with(const struct config_arguments *arguments)
{
	const struct config_directories directories = { etc, lib };
	struct config config;

	said[0] = '\0';
	lines_said = 0;
	assert_int_equal(config_read(&directories, arguments, &config), 0);
	return config;
}

static struct config read_files(void)
{
	return read_with(&(struct config_arguments){ 0 });
}

static void assert_reserve(unsigned int reserve)
{
	CLEANUP(config_clear) struct config config = read_files();

	assert_int_equal(config.rules.reserve, reserve);
	assert_string_equal(said, "");
}

/* One line, with all of these in it. */
static void assert_complaint(const char *file, const char *what)
{
	assert_int_equal(lines_said, 1);
	assert_non_null(strstr(said, file));
	assert_non_null(strstr(said, what));
}

static void without_files_all_is_as_it_always_is(void **state)
{
	assert_reserve(1);
	assert_int_equal(rmdir(etc), 0);
	assert_int_equal(rmdir(lib), 0);
	assert_reserve(1);
	assert_int_equal(mkdir(etc, 0755) | mkdir(lib, 0755), 0);
}

static void of_two_main_files_the_administrators_counts_alone(void **state)
{
	put(lib, NULL, "[Pin]\nReserve=2\nUnlockTime=20\n");
	assert_reserve(2);
	put(etc, NULL, "[Pin]\nReserve=3\n");
	{
		CLEANUP(config_clear) struct config config = read_files();

		assert_int_equal(config.rules.reserve, 3);
		assert_int_equal(config.unlock_time, 300);
	}
	put(etc, NULL, "");
	assert_reserve(1);
}

static void drop_ins_come_after_it_by_name_wherever_they_are(void **state)
{
	put(etc, NULL, "[Pin]\nReserve=4\n");
	put(lib, "20-lib.conf", "[Pin]\nReserve=2\n");
	assert_reserve(2);
	put(etc, "10-etc.conf", "[Pin]\nReserve=3\n");
	assert_reserve(2);
	put(etc, "30-etc.conf", "[Pin]\nReserve=3\n");
	assert_reserve(3);
	put(lib, "31-lib.conf", "[Pin]\nReserve=4\n");
	assert_reserve(4);
}

static void a_drop_in_stands_for_the_systems_of_the_same_name(void **state)
{
	put(lib, "10.conf", "[Pin]\nReserve=2\n");
	put(etc, "10.conf", "[Pin]\nUnlockTime=20\n");
	assert_reserve(1);
	put(etc, "10.conf", "");
	assert_reserve(1);
	assert_int_equal(unlink(place(etc, "10.conf")), 0);
	assert_int_equal(symlink("/dev/null", place(etc, "10.conf")), 0);
	assert_reserve(1);
}

static void only_what_ends_in_conf_and_is_not_hidden_is_a_drop_in(void **state)
{
	static const char *const others[] = { "a.conf~", "a.conf.dpkg-new", ".a.conf", "conf",
					      "a.CONF", ".conf" };

	for (size_t i = 0; i < LENGTH_OF(others); i++)
		put(etc, others[i], "[Pin]\nReserve=2\n");
	assert_reserve(1);
}

static void the_command_line_is_above_all_files(void **state)
{
	CLEANUP(config_clear) struct config config = { 0 };

	put(etc, NULL, "[Card]\nHold=shared\n[Log]\nLevel=err\n");
	put(etc, "a.conf", "[Card]\nHold=shared\n");
	config = read_with(&(struct config_arguments){ "exclusive", "debug" });
	assert_true(config.exclusive);
	assert_int_equal(config.log_level, LOG_DEBUG);
}

static void what_may_stand_around_a_key_is_passed_over(void **state)
{
	put(etc, NULL, "# comment\n; comment\n\n  \t\n[Pin] \r\n  Reserve = 2 ; so few\r\n");
	assert_reserve(2);
	put(etc, NULL, "[Pin]\nUnlockTime=20\n\tReserve=2");
	assert_reserve(2);
	put(etc, NULL, "[Pin]\nReserve=2\n[Log]\n[Pin]\nReserve=3\n");
	assert_reserve(3);
}

static void a_long_comment_is_one_all_along(void **state)
{
	char text[1024] = "[Pin]\nReserve=2\n#";

	for (size_t i = strlen(text); i + 16 < sizeof(text); i += strlen("Reserve=3 "))
		strcpy(text + i, "Reserve=3 ");
	put(etc, NULL, text);
	assert_reserve(2);
}

static void patterns_add_up_over_files_and_an_empty_one_clears_them(void **state)
{
	CLEANUP(config_clear) struct config config = { 0 };

	put(lib, NULL, "[Readers]\nIgnore=A*\nIgnore=B*\n");
	put(lib, "1.conf", "[Readers]\nIgnore=C*\n");
	config = read_files();
	assert_false(config_uses_reader(&config, "A 00"));
	assert_false(config_uses_reader(&config, "C 00"));
	config_clear(&config);
	put(etc, "2.conf", "[Readers]\nIgnore=\nIgnore=D*\n");
	config = read_files();
	assert_true(config_uses_reader(&config, "A 00"));
	assert_true(config_uses_reader(&config, "C 00"));
	assert_false(config_uses_reader(&config, "D 00"));
	assert_string_equal(said, "");
}

static void a_wrong_value_is_named_with_its_place_and_the_default_holds(void **state)
{
	CLEANUP(config_clear) struct config config = { 0 };

	put(etc, NULL, "[Pin]\nUnlockTime=20\n\n# here\nReserve=7\n");
	config = read_files();
	assert_int_equal(config.rules.reserve, 1);
	assert_int_equal(config.unlock_time, 20);
	assert_complaint("/etc/jpkid.conf:5: ", "Reserve= must be a number from 1 to 4; its default is used: 1");
	config_clear(&config);

	put(lib, "a.conf", "[Pin]\nReserve=2\n");
	put(etc, NULL, "");
	put(etc, "b.conf", "\n[Pin]\nReserve=no\n");
	config = read_files();
	assert_int_equal(config.rules.reserve, 1);
	assert_complaint("/etc/jpkid.conf.d/b.conf:3: ", "its default is used");
}

static void each_line_that_cannot_be_meant_is_named_once(void **state)
{
	static const struct {
		const char *text, *place, *what;
	} cases[] = {
		{ "Reserve=2\n", ":1: ", "no Reserve= in []" },
		{ "[Pin]\nreserve=2\n", ":2: ", "no reserve= in [Pin]" },
		{ "[pin]\nReserve=2\n", ":2: ", "no Reserve= in [pin]" },
		{ "[Pin]\n[Card]\nReserve=2\n", ":3: ", "no Reserve= in [Card]" },
		{ "[Card]\n\nHold=both\n", ":3: ", "exclusive or shared" },
		{ "[Pin]\nReserve\n", ":2: ", "neither" },
		{ "[Pin]\n\n[Log\nReserve=2\n", ":3: ", "neither" },
		{ "[Pin]\nReserve=2 # two\n", ":2: ", "must be" },
		{ "[Pin]\nReserve=\"2\"\n", ":2: ", "must be" },
		{ "[Pin]\nReserve=2\\\n", ":2: ", "must be" },
		{ "[Pin]\n=2\n", ":2: ", "no = in [Pin]" },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		CLEANUP(config_clear) struct config config = { 0 };

		put(etc, NULL, cases[i].text);
		config = read_files();
		assert_int_equal(config.rules.reserve, 1);
		assert_non_null(strstr(said, cases[i].place));
		assert_non_null(strstr(said, cases[i].what));
		/* After a heading that is none, its keys are nobody's. */
		assert_int_equal(lines_said, strstr(cases[i].text, "[Log\n") ? 2 : 1);
	}
}

static void several_mistakes_are_several_lines_and_what_is_right_holds(void **state)
{
	CLEANUP(config_clear) struct config config = { 0 };

	put(etc, NULL, "what\n[Pin]\nReserve=2\nis\nUnlockTime=1\nthis\n[Nothing]\nA=1\nB=2\n[Log]\nLevel=debug\n");
	config = read_files();
	assert_int_equal(lines_said, 6);
	assert_int_equal(config.rules.reserve, 2);
	assert_int_equal(config.unlock_time, 300);
	assert_int_equal(config.log_level, LOG_DEBUG);
}

static void a_line_that_is_too_long_is_named_and_no_part_of_it_is_taken(void **state)
{
	char text[1024] = "[Readers]\nIgnore=";

	memset(text + strlen(text), 'x', 300);
	strcat(text, "\nUse=a\n[");
	memset(text + strlen(text), 'y', 300);
	strcat(text, "]\n");
	put(etc, NULL, text);
	{
		CLEANUP(config_clear) struct config config = read_files();

		assert_int_equal(lines_said, 2);
		assert_non_null(strstr(said, ":2: longer than"));
		assert_non_null(strstr(said, ":4: longer than"));
		assert_null(config.ignore.argz);
		assert_true(config_uses_reader(&config, "a"));
	}
	/* The longest that fits. */
	snprintf(text, sizeof(text), "[Readers]\nUse=%0193d\n", 0);
	put(etc, NULL, text);
	{
		CLEANUP(config_clear) struct config config = read_files();

		assert_string_equal(said, "");
		assert_int_equal(strlen(config.use.argz), 193);
	}
}

/* Whatever is at the place of a file, one line tells, and the next file still counts. */
static void assert_passed_over(const char *what)
{
	CLEANUP(config_clear) struct config config = { 0 };

	put(etc, "z.conf", "[Pin]\nUnlockTime=20\n");
	config = read_files();
	assert_complaint("/etc/jpkid.conf.d/m.conf: ", what);
	assert_int_equal(config.rules.reserve, 1);
	assert_int_equal(config.unlock_time, 20);
	assert_true(config.incomplete);
	remove(place(etc, "m.conf"));
}

static void what_is_no_file_is_not_waited_for(void **state)
{
	assert_int_equal(mkfifo(place(etc, "m.conf"), 0600), 0);
	assert_passed_over("regular");
	assert_int_equal(mkdir(place(etc, "m.conf"), 0700), 0);
	assert_passed_over("regular");
	assert_int_equal(symlink("/dev/zero", place(etc, "m.conf")), 0);
	assert_passed_over("regular");
	assert_int_equal(symlink("/nonexistent", place(etc, "m.conf")), 0);
	assert_passed_over(strerror(ENOENT));
	assert_int_equal(symlink("m.conf", place(etc, "m.conf")), 0);
	assert_passed_over(strerror(ELOOP));
}

static void what_is_no_text_is_one_line(void **state)
{
	static const char zero[] = "[Pin]\nReserve=2\n\0", binary[] = "\x7F" "ELF\2\1\1\n\n\n\n",
			  latin[] = "[Pin]\nReserve=2\n# caf\xE9\n",
			  turned[] = "[Pin]\nReserve=2\n# \u202E\n";
	char *large = malloc(CONFIG_FILE_LENGTH_MAX + 1);

	write_bytes(place(etc, "m.conf"), zero, sizeof(zero));
	assert_passed_over("not a text");
	write_bytes(place(etc, "m.conf"), binary, strlen(binary));
	assert_passed_over("not a text");
	write_bytes(place(etc, "m.conf"), latin, strlen(latin));
	assert_passed_over("not a text");
	write_bytes(place(etc, "m.conf"), turned, strlen(turned));
	assert_passed_over("not a text");
	assert_non_null(large);
	memset(large, '\n', CONFIG_FILE_LENGTH_MAX + 1);
	write_bytes(place(etc, "m.conf"), large, CONFIG_FILE_LENGTH_MAX + 1);
	assert_passed_over("larger");
	memcpy(large, "[Pin]\nReserve=2\n", strlen("[Pin]\nReserve=2\n"));
	write_bytes(place(etc, "m.conf"), large, CONFIG_FILE_LENGTH_MAX);
	assert_reserve(2);
	free(large);
}

/* Reads as somebody else, to whom the file and its directory have these modes. */
static void assert_refused(mode_t directory_mode, mode_t file_mode, const char *named)
{
	char directory[2 * PATH_SIZE];

	put(etc, "m.conf", "[Pin]\nReserve=2\n");
	assert_int_equal(chmod(place(etc, "m.conf"), file_mode), 0);
	snprintf(directory, sizeof(directory), "%s/jpkid.conf.d", etc);
	assert_int_equal(chmod(directory, directory_mode), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	{
		CLEANUP(config_clear) struct config config = read_files();

		assert_int_equal(config.rules.reserve, 1);
		assert_complaint(named, strerror(EACCES));
		assert_true(config.incomplete);
	}
	assert_int_equal(seteuid(0), 0);
}

static void what_may_not_be_read_is_one_line(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_refused(0755, 0600, "/etc/jpkid.conf.d/m.conf: ");
	assert_refused(0700, 0644, "/etc/jpkid.conf.d: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_files_all_is_as_it_always_is),
		TEST(of_two_main_files_the_administrators_counts_alone),
		TEST(drop_ins_come_after_it_by_name_wherever_they_are),
		TEST(a_drop_in_stands_for_the_systems_of_the_same_name),
		TEST(only_what_ends_in_conf_and_is_not_hidden_is_a_drop_in),
		TEST(the_command_line_is_above_all_files),
		TEST(what_may_stand_around_a_key_is_passed_over),
		TEST(a_long_comment_is_one_all_along),
		TEST(patterns_add_up_over_files_and_an_empty_one_clears_them),
		TEST(a_wrong_value_is_named_with_its_place_and_the_default_holds),
		TEST(each_line_that_cannot_be_meant_is_named_once),
		TEST(several_mistakes_are_several_lines_and_what_is_right_holds),
		TEST(a_line_that_is_too_long_is_named_and_no_part_of_it_is_taken),
		TEST(what_is_no_file_is_not_waited_for),
		TEST(what_is_no_text_is_one_line),
		TEST(what_may_not_be_read_is_one_line),
	};

	return cmocka_run_group_tests_name("config-file", tests, NULL, NULL);
}
