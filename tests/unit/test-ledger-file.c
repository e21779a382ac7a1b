/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is on the disk, whenever the daemon is killed or the disk refuses, and what is made of files that are not as we
 * wrote them. The system calls that matter are counted, and one of them can be the last or fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "tests/unit/state.h"

/* --- system calls ------ */

static struct {
	char trace[512];
	unsigned int count;
	unsigned int chosen; /* the first is 1; 0: none */
	int error;           /* with which the chosen one fails; 0: it is the last */
} calls;

int __real_openat(int directory, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t length);
int __real_renameat(int from_directory, const char *from, int to_directory, const char *to);
int __real_renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags);
int __real_unlinkat(int directory, const char *path, int flags);
int __wrap_openat(int directory, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
int __wrap_fsync(int fd);
int __wrap_renameat(int from_directory, const char *from, int to_directory, const char *to);
int __wrap_renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags);
int __wrap_unlinkat(int directory, const char *path, int flags);

/* Whether this call fails. Where it is the last, the process ends before it. */
static bool call_fails(const char *name, const char *suffix)
{
	const size_t used = strlen(calls.trace);

	snprintf(calls.trace + used, sizeof(calls.trace) - used, "%s%s ", name, suffix);
	if (++calls.count != calls.chosen)
		return false;
	if (calls.error == 0)
		raise(SIGKILL);
	errno = calls.error;
	return true;
}

/* What comes after CARD.ledger. */
static const char *suffix_of(const char *path)
{
	const char *const suffix = strstr(path, ".ledger");

	return suffix ? suffix + strlen(".ledger") : path;
}

int __wrap_openat(int directory, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return call_fails("open", suffix_of(path)) ? -1 : __real_openat(directory, path, flags, mode);
}

/* Only half is written by the last. */
ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
	if (fd <= STDERR_FILENO)
		return __real_write(fd, bytes, length);
	if (calls.count + 1 == calls.chosen && calls.error == 0)
		__real_write(fd, bytes, length / 2);
	return call_fails("write", "") ? -1 : __real_write(fd, bytes, length);
}

/* That it reaches the disk nobody can see here, but it takes its time. */
int __wrap_fsync(int fd)
{
	return call_fails("sync", fd == state_ledger.directory ? ".directory" : "") ? -1 : 0;
}

int __wrap_renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	return call_fails("rename", suffix_of(to)) ? -1 : __real_renameat(from_directory, from, to_directory, to);
}

int __wrap_renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags)
{
	return call_fails("exchange", "") ? -1 : __real_renameat2(from_directory, from, to_directory, to, flags);
}

int __wrap_unlinkat(int directory, const char *path, int flags)
{
	return call_fails("unlink", suffix_of(path)) ? -1 : __real_unlinkat(directory, path, flags);
}

static void calls_reset(unsigned int chosen, int error)
{
	memset(&calls, 0, sizeof(calls));
	calls.chosen = chosen;
	calls.error = error;
}

/* --- what is done, from what state, and how strict the ledger is at least, whatever stops it ------ */

static struct ledger_intent intent;

static void one_wrong(void)
{
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, STATE_NOW);
}

static void intent_begun(void)
{
	intent = state_begin(LEDGER_AUTH_PIN, ALICE, STATE_NOW);
}

static void one_wrong_and_intent(void)
{
	one_wrong();
	intent_begun();
}

static void one_wrong_in_the_future(void)
{
	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, STATE_NOW + HOUR);
}

static void spoilt(void)
{
	one_wrong();
	state_write("?", 1);
}

static void empty(void)
{
}

static int begin(void)
{
	return ledger_begin(&state_ledger, LEDGER_AUTH_PIN, ALICE, STATE_NOW, &intent);
}

static int settle_right(void)
{
	return ledger_settle(&state_ledger, &intent, LEDGER_RIGHT, STATE_NOW);
}

static int settle_wrong(void)
{
	return ledger_settle(&state_ledger, &intent, LEDGER_WRONG, STATE_NOW);
}

static int settle_not_sent(void)
{
	return ledger_settle(&state_ledger, &intent, LEDGER_NOT_SENT, STATE_NOW);
}

static int check(void)
{
	time_t until;
	const int r = ledger_check(&state_ledger, &state_rules, LEDGER_AUTH_PIN, ALICE, STATE_NOW, &until);

	return r == ANSWER_HELD_OFF ? 0 : r;
}

static const struct scene {
	const char *name;
	void (*prepare)(void);
	int (*run)(void);
	unsigned int wrong_stopped, wrong_done; /* at least; exactly */
	const char *trace;
} scenes[] = {
	{ "the first intent", empty, begin, 0, 1,
	  "open unlink.new open.new write sync rename sync.directory " },
	{ "an intent", one_wrong, begin, 1, 2,
	  "open unlink.new open.new write sync rename sync.directory " },
	{ "an intent after one that is unsettled", one_wrong_and_intent, begin, 2, 3,
	  "open unlink.new open.new write sync rename sync.directory "
	  "unlink.new open.new write sync rename sync.directory " },
	{ "an intent in a spoilt ledger", spoilt, begin, 4, 4,
	  "open unlink.new open.new write sync exchange rename.set-aside sync.directory "
	  "unlink.new open.new write sync rename sync.directory " },
	{ "right", one_wrong_and_intent, settle_right, 0, 0, "open unlink " },
	{ "wrong", one_wrong_and_intent, settle_wrong, 2, 2, "open unlink.new open.new write rename " },
	{ "not sent", one_wrong_and_intent, settle_not_sent, 1, 1, "open unlink.new open.new write rename " },
	{ "the first is not sent", intent_begun, settle_not_sent, 0, 0, "open unlink " },
	{ "settling in a spoilt ledger", spoilt, settle_right, 4, 4,
	  "open unlink.new open.new write sync exchange rename.set-aside sync.directory " },
	{ "a look", one_wrong, check, 1, 1, "open " },
	{ "a look at an unsettled intent", one_wrong_and_intent, check, 2, 2,
	  "open unlink.new open.new write sync rename sync.directory " },
	{ "a look after the clock was set back", one_wrong_in_the_future, check, 1, 1,
	  "open unlink.new open.new write sync rename sync.directory " },
	{ "a look at a spoilt ledger", spoilt, check, 4, 4,
	  "open unlink.new open.new write sync exchange rename.set-aside sync.directory " },
};

/* Every scene begins in an empty directory, and with calls that do what they should. */
static void clear_directory(void)
{
	calls_reset(0, 0);
	assert_int_equal(state_tear_down(NULL), 0);
	assert_int_equal(state_set_up(NULL), 0);
}

static unsigned int wrong(void)
{
	return state_wrong(LEDGER_AUTH_PIN, ALICE);
}

/* Begin is on the disk when it returns; of a settle nothing needs to be. */
static void each_thing_is_done_in_its_order(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(scenes); i++) {
		clear_directory();
		scenes[i].prepare();
		calls_reset(0, 0);
		assert_int_equal(scenes[i].run(), 0);
		assert_string_equal(calls.trace, scenes[i].trace);
		assert_int_equal(wrong(), scenes[i].wrong_done);
	}
}

/* Whether it came to the call. */
static bool dies_before_call(const struct scene *scene, unsigned int chosen)
{
	const pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		calls_reset(chosen, 0);
		_exit(scene->run() == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == EXIT_SUCCESS);
	return WIFSIGNALED(status);
}

/* The ledger is whole, or not yet set aside; what is left over is in nobody's way. */
static void a_daemon_that_is_killed_anywhere_leaves_a_ledger_that_is_whole_and_no_milder(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(scenes); i++) {
		const struct scene *const scene = &scenes[i];
		bool died = true;

		for (unsigned int chosen = 1; died; chosen++) {
			unsigned int after;

			clear_directory();
			scene->prepare();
			died = dies_before_call(scene, chosen);
			calls_reset(0, 0);
			after = wrong();
			if (died ? after < scene->wrong_stopped : after != scene->wrong_done)
				fail_msg("%s, killed before call %u: %u wrong", scene->name, chosen, after);
			assert_int_equal(begin(), 0);
			assert_true(wrong() > after || wrong() == LEDGER_WRONG_MAX);
			assert_int_equal(settle_right(), 0);
			assert_int_equal(wrong(), 0);
		}
	}
}

static void a_call_that_fails_is_reported_once_and_makes_nothing_milder(void **state)
{
	static const int errors[] = { EIO, ENOSPC, EROFS, EDQUOT, EMFILE, EPERM };

	for (size_t i = 0; i < LENGTH_OF(scenes) * LENGTH_OF(errors); i++) {
		const struct scene *const scene = &scenes[i / LENGTH_OF(errors)];
		const int error = errors[i % LENGTH_OF(errors)];

		for (unsigned int chosen = 1;; chosen++) {
			unsigned int lines;
			int r;

			clear_directory();
			scene->prepare();
			calls_reset(chosen, error);
			r = scene->run();
			if (calls.count < chosen)
				break;
			assert_int_equal(r, -error);
			calls_reset(0, 0);
			lines = state_log_lines;
			if (wrong() < scene->wrong_stopped || lines < 1 || lines > 1 + (scene->prepare == spoilt))
				fail_msg("%s, call %u failed: %u wrong, %u lines", scene->name, chosen, wrong(), lines);
		}
	}
}

static void an_interrupted_write_is_made_again(void **state)
{
	calls_reset(4, EINTR);
	assert_int_equal(begin(), 0);
	assert_string_equal(calls.trace, "open unlink.new open.new write write sync rename sync.directory ");
	assert_int_equal(wrong(), 1);
}

/* --- the real thing ------ */

static void a_full_disk_refuses_the_intent(void **state)
{
	struct rlimit limit, none;
	unsigned int before;
	int r;

	one_wrong();
	before = wrong();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 100, .rlim_max = limit.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	r = begin();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);

	assert_int_equal(r, -EFBIG);
	assert_int_equal(state_log_lines, 1);
	assert_int_equal(wrong(), before);
	assert_int_equal(begin(), 0);
}

static void a_directory_that_cannot_be_written_refuses_the_intent(void **state)
{
	const uid_t user = geteuid() == 0 ? ALICE : geteuid();

	one_wrong();
	assert_int_equal(chown(state_file(""), user, (gid_t)-1), 0);
	assert_int_equal(chown(state_path, user, (gid_t)-1), 0);
	assert_int_equal(chmod(state_path, 0500), 0);
	assert_int_equal(seteuid(user), 0);
	assert_int_equal(check(), 0);
	assert_int_equal(state_log_lines, 0);
	assert_int_equal(begin(), -EACCES);
	assert_int_equal(state_log_lines, 1);
	assert_int_equal(wrong(), 1);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(chmod(state_path, 0700), 0);
}

static void assert_content(const char *path, const char *text)
{
	char found[100] = { 0 };
	FILE *const file = fopen(path, "re");

	assert_non_null(file);
	assert_true(fread(found, 1, sizeof(found) - 1, file) > 0);
	fclose(file);
	assert_string_equal(found, text);
}

/* A file that a trap leads to, outside of what jpkid may write. */
static const char *victim(void)
{
	static char path[STATE_PATH_SIZE + 10];
	FILE *file;

	snprintf(path, sizeof(path), "%s/victim", state_path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("mine", file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void nothing_is_written_through_a_link_at_the_new_files_place(void **state)
{
	const char *const path = victim();
	struct stat status;

	assert_int_equal(symlink(path, state_file(".new")), 0);
	assert_int_equal(begin(), 0);
	assert_content(path, "mine");

	assert_int_equal(link(path, state_file(".new")), 0);
	assert_int_equal(begin(), 0);
	assert_content(path, "mine");

	assert_int_equal(lstat(state_file(""), &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	assert_int_equal(state_log_lines, 0);
}

/* --- damage ------ */

static void assert_is_set_aside(void)
{
	struct stat status;

	state_log_lines = 0;
	state_assert_everybody_waits(STATE_NOW);
	assert_int_equal(state_log_lines, 1);
	assert_int_equal(lstat(state_file(".set-aside"), &status), 0);
	assert_int_equal(lstat(state_file(""), &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	assert_true(access(state_file(".new"), F_OK) < 0);
}

/* A ledger with every kind of line. */
static size_t good_ledger(char bytes[LEDGER_PAGE_LENGTH_MAX])
{
	FILE *file;
	size_t length;

	state_get_wrong(LEDGER_AUTH_PIN, ALICE, 1, STATE_NOW);
	state_get_wrong(LEDGER_SIGN_PIN, BOB, 2, STATE_NOW);
	state_begin(LEDGER_SIGN_PIN, BOB, STATE_NOW);
	file = fopen(state_file(""), "re");
	assert_non_null(file);
	length = fread(bytes, 1, LEDGER_PAGE_LENGTH_MAX, file);
	fclose(file);
	assert_in_range(length, 200, 400);
	return length;
}

static void a_ledger_has_the_form_that_is_described(void **state)
{
	char bytes[LEDGER_PAGE_LENGTH_MAX], card[DIGEST_HEX_SIZE], end[DIGEST_HEX_SIZE], expected[1000];
	const size_t length = good_ledger(bytes);
	uint8_t digest[DIGEST_LENGTH];
	struct ledger_page page;
	int used;

	assert_int_equal(ledger_file_read(&state_ledger, &page), 0);
	digest_to_hex(state_ledger.card, card);
	used = snprintf(expected, sizeof(expected),
			"jpkid-ledger 1\ncard %s\nwrong auth-pin 1000 1 1800000000\nwrong sign-pin 1001 2 1800000000\n"
			"intent sign-pin 1001 %016llx\n",
			card, (unsigned long long)page.intent.number);
	assert_int_equal(digest_sha256(expected, (size_t)used, digest), 0);
	digest_to_hex(digest, end);
	used += snprintf(expected + used, sizeof(expected) - (size_t)used, "end %s\n", end);
	assert_int_equal(length, used);
	assert_memory_equal(bytes, expected, length);
}

static void a_ledger_with_any_one_byte_changed_is_set_aside(void **state)
{
	char bytes[LEDGER_PAGE_LENGTH_MAX];
	const size_t length = good_ledger(bytes);
	struct ledger_page page;

	for (size_t i = 0; i < length; i++) {
		for (int change = 1; change < 256; change++) {
			bytes[i] ^= (char)change;
			assert_int_equal(ledger_page_parse(bytes, length, state_ledger.card, &page), -EBADMSG);
			bytes[i] ^= (char)change;
		}
		bytes[i] ^= (char)(1 << i % 8);
		state_write(bytes, length);
		assert_is_set_aside();
		bytes[i] ^= (char)(1 << i % 8);
	}
	assert_int_equal(ledger_page_parse(bytes, length, state_ledger.card, &page), 0);
}

static void a_ledger_cut_off_or_with_more_at_its_end_is_set_aside(void **state)
{
	char bytes[LEDGER_PAGE_LENGTH_MAX];
	const size_t length = good_ledger(bytes);

	for (size_t cut = 0; cut < length; cut++) {
		state_write(bytes, cut);
		assert_is_set_aside();
	}
	for (int more = 0; more < 256; more++) {
		bytes[length] = (char)more;
		state_write(bytes, length + 1);
		assert_is_set_aside();
	}
}

static void be_garbage(void)
{
	state_write("\xFF\0\n\n wrong", 11);
}

static void be_as_long_as_can_be_and_longer(void)
{
	assert_int_equal(truncate(state_file(""), 1LL << 40), 0);
}

static void be_another_cards(void)
{
	const char *other;

	state_ledger.card[0] ^= 1;
	one_wrong();
	other = state_file("");
	state_ledger.card[0] ^= 1;
	assert_int_equal(rename(other, state_file("")), 0);
}

static void be_a_symbolic_link(void)
{
	const char *const target = state_file(".target");

	assert_int_equal(rename(state_file(""), target), 0);
	assert_int_equal(symlink(target, state_file("")), 0);
}

static void be_a_link_to_nowhere(void)
{
	assert_int_equal(unlink(state_file("")), 0);
	assert_int_equal(symlink("nowhere", state_file("")), 0);
}

static void be_a_directory(void)
{
	assert_int_equal(unlink(state_file("")), 0);
	assert_int_equal(mkdir(state_file(""), 0700), 0);
}

static void be_a_fifo(void)
{
	assert_int_equal(unlink(state_file("")), 0);
	assert_int_equal(mkfifo(state_file(""), 0600), 0);
}

static void be_a_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char here[100];

	assert_int_equal(unlink(state_file("")), 0);
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(state_path), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", strrchr(state_file(""), '/') + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chdir(here), 0);
	close(fd);
}

static void have_a_second_name(void)
{
	char other[STATE_PATH_SIZE + 10];

	snprintf(other, sizeof(other), "%s/other", state_path);
	assert_int_equal(link(state_file(""), other), 0);
}

static void be_writable_for_a_group(void)
{
	assert_int_equal(chmod(state_file(""), 0620), 0);
}

static void be_writable_for_all(void)
{
	assert_int_equal(chmod(state_file(""), 0602), 0);
}

static void be_anothers(void)
{
	if (geteuid() == 0)
		assert_int_equal(chown(state_file(""), ALICE, (gid_t)-1), 0);
	else
		be_garbage();
}

static void whatever_else_is_in_a_ledgers_place_is_set_aside(void **state)
{
	static void (*const ways[])(void) = {
		be_garbage, be_as_long_as_can_be_and_longer, be_another_cards, be_a_symbolic_link,
		be_a_link_to_nowhere, be_a_directory, be_a_fifo, be_a_socket, have_a_second_name,
		be_writable_for_a_group, be_writable_for_all, be_anothers,
	};

	alarm(60); /* a FIFO must not hold anybody */
	for (size_t i = 0; i < LENGTH_OF(ways); i++) {
		clear_directory();
		one_wrong();
		ways[i]();
		assert_is_set_aside();
	}
	alarm(0);
}

static void a_newer_one_takes_the_place_of_what_was_set_aside(void **state)
{
	state_write("first", 5);
	assert_is_set_aside();
	assert_content(state_file(".set-aside"), "first");
	state_write("second", 6);
	assert_is_set_aside();
	assert_content(state_file(".set-aside"), "second");
	assert_int_equal(state_file_count(), 2);
}

static void a_late_settle_in_a_spoilt_ledger_helps_nobody(void **state)
{
	intent_begun();
	state_write("?", 1);
	assert_int_equal(settle_right(), 0);
	state_assert_everybody_waits(STATE_NOW);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_thing_is_done_in_its_order),
		TEST(a_daemon_that_is_killed_anywhere_leaves_a_ledger_that_is_whole_and_no_milder),
		TEST(a_call_that_fails_is_reported_once_and_makes_nothing_milder),
		TEST(an_interrupted_write_is_made_again),
		TEST(a_full_disk_refuses_the_intent),
		TEST(a_directory_that_cannot_be_written_refuses_the_intent),
		TEST(nothing_is_written_through_a_link_at_the_new_files_place),
		TEST(a_ledger_has_the_form_that_is_described),
		TEST(a_ledger_with_any_one_byte_changed_is_set_aside),
		TEST(a_ledger_cut_off_or_with_more_at_its_end_is_set_aside),
		TEST(whatever_else_is_in_a_ledgers_place_is_set_aside),
		TEST(a_newer_one_takes_the_place_of_what_was_set_aside),
		TEST(a_late_settle_in_a_spoilt_ledger_helps_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
