/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "dbus/descriptor.h"

enum {
	LIMIT = 16,
	USEC_PER_SEC = 1000 * 1000,
	STUCK_SEC = 10, /* what would block is ended by SIGALRM */
};

struct outcome {
	sd_event *event;
	unsigned int count;
	int result;
	struct secret *secret;
};

static void on_done(int result, struct secret *secret, void *userdata)
{
	struct outcome *outcome = userdata;

	outcome->count++;
	outcome->result = result;
	outcome->secret = secret;
}

static int set_up(void **state)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));

	alarm(STUCK_SEC);
	if (!outcome || sd_event_new(&outcome->event) < 0)
		return -1;
	*state = outcome;
	return 0;
}

static int tear_down(void **state)
{
	struct outcome *outcome = *state;

	alarm(0);
	secret_free(outcome->secret);
	sd_event_unref(outcome->event);
	free(outcome);
	return 0;
}

/* Turns until the read is done. */
static void finish(struct outcome *outcome)
{
	while (outcome->count == 0)
		assert_true(sd_event_run(outcome->event, UINT64_MAX) >= 0);
}

static struct descriptor_read *start(struct outcome *outcome, int fd)
{
	struct descriptor_read *read = NULL;

	assert_int_equal(descriptor_check(fd), 0);
	assert_int_equal(descriptor_read_secret(outcome->event, fd, LIMIT, on_done, outcome, &read),
			 0);
	/* Only what is not over can be cancelled. */
	assert_true((read == NULL) == (outcome->count > 0));
	return read;
}

static void assert_secret(const struct outcome *outcome, const char *text)
{
	assert_int_equal(outcome->count, 1);
	assert_int_equal(outcome->result, 0);
	assert_non_null(outcome->secret);
	assert_int_equal(outcome->secret->length, strlen(text));
	assert_memory_equal(outcome->secret->bytes, text, strlen(text));
}

static void assert_refused(const struct outcome *outcome, int result)
{
	assert_int_equal(outcome->count, 1);
	assert_int_equal(outcome->result, result);
	assert_null(outcome->secret);
}

static void assert_closed(int fd)
{
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static void open_pipe(int ends[static 2])
{
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static int new_memfd(const char *text, int seals)
{
	const int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	put(fd, text);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void a_pipe_is_read_to_its_end(void **state)
{
	struct outcome *outcome = *state;
	int ends[2];

	open_pipe(ends);
	put(ends[1], "1234");
	close(ends[1]);
	start(outcome, ends[0]);
	finish(outcome);
	assert_secret(outcome, "1234");
	assert_closed(ends[0]);
}

static void pieces_are_put_together(void **state)
{
	struct outcome *outcome = *state;
	int ends[2];

	open_pipe(ends);
	start(outcome, ends[0]);
	for (size_t i = 0; i < LIMIT; i++) {
		put(ends[1], "A");
		assert_true(sd_event_run(outcome->event, USEC_PER_SEC) >= 0);
		assert_int_equal(outcome->count, 0);
	}
	close(ends[1]);
	finish(outcome);
	assert_secret(outcome, "AAAAAAAAAAAAAAAA");
}

static void a_socket_is_read_to_its_end(void **state)
{
	struct outcome *outcome = *state;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	put(ends[1], "ABC");
	start(outcome, ends[0]);
	put(ends[1], "123");
	assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
	finish(outcome);
	assert_secret(outcome, "ABC123");
	assert_closed(ends[0]);
	close(ends[1]);
}

static void a_memfd_is_read_from_its_start_wherever_it_stands(void **state)
{
	struct outcome *outcome = *state;
	const int fd = new_memfd("1234", F_SEAL_WRITE);

	assert_int_equal(lseek(fd, 0, SEEK_CUR), 4);
	start(outcome, fd);
	finish(outcome);
	assert_secret(outcome, "1234");
	assert_closed(fd);
}

static void nothing_is_no_pin(void **state)
{
	struct outcome *outcome = *state;
	int ends[2];

	open_pipe(ends);
	close(ends[1]);
	start(outcome, ends[0]);
	finish(outcome);
	assert_refused(outcome, ANSWER_PIN_FORMAT);
}

static void an_empty_memfd_is_no_pin(void **state)
{
	struct outcome *outcome = *state;

	start(outcome, new_memfd("", F_SEAL_WRITE));
	finish(outcome);
	assert_refused(outcome, ANSWER_PIN_FORMAT);
}

/* There is no need to wait for an end then. */
static void one_byte_over_the_limit_is_refused_at_once(void **state)
{
	struct outcome *outcome = *state;
	int ends[2];

	open_pipe(ends);
	put(ends[1], "12345678901234567");
	start(outcome, ends[0]);
	assert_true(sd_event_run(outcome->event, 0) >= 0);
	assert_refused(outcome, ANSWER_PIN_FORMAT);
	close(ends[1]);
}

static void a_memfd_over_the_limit_is_refused(void **state)
{
	struct outcome *outcome = *state;

	start(outcome, new_memfd("12345678901234567", F_SEAL_WRITE));
	finish(outcome);
	assert_refused(outcome, ANSWER_PIN_FORMAT);
}

static void who_does_not_end_is_waited_for_two_seconds(void **state)
{
	struct outcome *outcome = *state;
	uint64_t before, after;
	int ends[2];

	open_pipe(ends);
	put(ends[1], "1234");
	start(outcome, ends[0]);
	assert_true(sd_event_now(outcome->event, CLOCK_MONOTONIC, &before) >= 0);
	finish(outcome);
	assert_true(sd_event_now(outcome->event, CLOCK_MONOTONIC, &after) >= 0);
	assert_refused(outcome, ANSWER_INVALID_INPUT);
	assert_in_range(after - before, 2 * USEC_PER_SEC - USEC_PER_SEC / 10, 3 * USEC_PER_SEC);
	assert_closed(ends[0]);
	close(ends[1]);
}

/*
 * The other end has a descriptor of the same open file, and can empty it between our wake-up and
 * our read.
 */
static void a_pipe_that_somebody_else_empties_does_not_block(void **state)
{
	struct outcome *outcome = *state;
	struct descriptor_read *reading;
	char stolen[4];
	int ends[2], other;

	open_pipe(ends);
	other = dup(ends[0]);
	reading = start(outcome, ends[0]);
	put(ends[1], "1234");
	while (sd_event_prepare(outcome->event) == 0)
		if (sd_event_wait(outcome->event, UINT64_MAX) > 0)
			break;
	assert_int_equal(read(other, stolen, sizeof(stolen)), 4);
	assert_true(sd_event_dispatch(outcome->event) > 0);
	assert_int_equal(outcome->count, 0);
	descriptor_read_cancel(reading);
	close(other);
	close(ends[1]);
}

static void the_flags_that_the_caller_shares_are_left_alone(void **state)
{
	struct outcome *outcome = *state;
	int ends[2], other;

	open_pipe(ends);
	other = dup(ends[0]);
	put(ends[1], "1234");
	close(ends[1]);
	start(outcome, ends[0]);
	finish(outcome);
	assert_secret(outcome, "1234");
	assert_int_equal(fcntl(other, F_GETFL) & O_NONBLOCK, 0);
	close(other);
}

static void a_socket_that_breaks_is_refused(void **state)
{
	struct outcome *outcome = *state;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	put(ends[0], "unread, so that the other's close resets");
	start(outcome, ends[0]);
	close(ends[1]);
	finish(outcome);
	assert_refused(outcome, ANSWER_INVALID_INPUT);
}

static void cancelled_it_closes_and_is_silent(void **state)
{
	struct outcome *outcome = *state;
	struct descriptor_read *reading;
	int ends[2];

	open_pipe(ends);
	reading = start(outcome, ends[0]);
	put(ends[1], "1234");
	close(ends[1]);
	assert_null(descriptor_read_cancel(reading));
	assert_closed(ends[0]);
	assert_true(sd_event_run(outcome->event, 0) >= 0);
	assert_int_equal(outcome->count, 0);
	assert_null(descriptor_read_cancel(NULL));
}

static void assert_unfit(struct outcome *outcome, int fd)
{
	struct descriptor_read *read = NULL;

	assert_true(fd >= 0);
	assert_int_equal(descriptor_check(fd), ANSWER_INVALID_INPUT);
	assert_int_equal(descriptor_read_secret(outcome->event, fd, LIMIT, on_done, outcome, &read),
			 -EINVAL);
	assert_null(read);
	assert_closed(fd);
}

static void the_wrong_end_of_a_pipe_is_refused(void **state)
{
	int ends[2];

	open_pipe(ends);
	assert_unfit(*state, ends[1]);
	close(ends[0]);
}

static void a_fifo_open_for_both_is_refused_since_it_never_ends(void **state)
{
	char directory[] = "/tmp/jpkid-fifo.XXXXXX";
	char path[64];

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_unfit(*state, open(path, O_RDWR | O_CLOEXEC));
	unlink(path);
	rmdir(directory);
}

static void files_and_devices_are_refused(void **state)
{
	assert_unfit(*state, open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	assert_unfit(*state, open("/dev/zero", O_RDONLY | O_CLOEXEC));
	assert_unfit(*state, open("/", O_RDONLY | O_CLOEXEC));
	assert_unfit(*state, open("/etc/passwd", O_PATH | O_CLOEXEC));
}

static void datagram_sockets_are_refused(void **state)
{
	assert_unfit(*state, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	assert_unfit(*state, socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

static void a_memfd_that_can_still_change_is_refused(void **state)
{
	assert_unfit(*state, new_memfd("1234", 0));
	assert_unfit(*state, new_memfd("1234", F_SEAL_SHRINK | F_SEAL_GROW));
	assert_unfit(*state, new_memfd("1234", F_SEAL_FUTURE_WRITE));
}

static void no_descriptor_is_refused(void **state)
{
	assert_int_equal(descriptor_check(-1), ANSWER_INVALID_INPUT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pipe_is_read_to_its_end),
		TEST(pieces_are_put_together),
		TEST(a_socket_is_read_to_its_end),
		TEST(a_memfd_is_read_from_its_start_wherever_it_stands),
		TEST(nothing_is_no_pin),
		TEST(an_empty_memfd_is_no_pin),
		TEST(one_byte_over_the_limit_is_refused_at_once),
		TEST(a_memfd_over_the_limit_is_refused),
		TEST(who_does_not_end_is_waited_for_two_seconds),
		TEST(a_pipe_that_somebody_else_empties_does_not_block),
		TEST(the_flags_that_the_caller_shares_are_left_alone),
		TEST(a_socket_that_breaks_is_refused),
		TEST(cancelled_it_closes_and_is_silent),
		TEST(the_wrong_end_of_a_pipe_is_refused),
		TEST(a_fifo_open_for_both_is_refused_since_it_never_ends),
		TEST(files_and_devices_are_refused),
		TEST(datagram_sockets_are_refused),
		TEST(a_memfd_that_can_still_change_is_refused),
		TEST(no_descriptor_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
