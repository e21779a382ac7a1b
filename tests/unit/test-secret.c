/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "tests/unit/script.h"

static void a_new_secret_is_empty_zero_and_has_its_room(void **state)
{
	CLEANUP(secret_freep) struct secret *secret = secret_new(261);

	assert_non_null(secret);
	assert_int_equal(secret->length, 0);
	assert_int_equal(secret->capacity, 261);
	for (size_t i = 0; i < secret->capacity; i++)
		assert_int_equal(secret->bytes[i], 0);
}

/* The pool stays mapped, so that the slot can be looked at after it was given back. */
static void a_freed_secret_is_wiped(void **state)
{
	struct secret *secret = script_secret("longer than one chunk of the pool, ends with 3");
	const uint8_t *bytes = secret->bytes;
	const size_t length = secret->length;

	assert_int_equal(bytes[length - 1], '3');
	assert_null(secret_free(secret));
	for (size_t i = 0; i < length; i++)
		assert_int_equal(bytes[i], 0);
}

static void freeing_nothing_is_allowed_and_the_pointer_is_forgotten(void **state)
{
	struct secret *secret = NULL;

	assert_null(secret_free(secret));
	secret_freep(&secret);
	secret = script_secret("1234");
	secret_freep(&secret);
	assert_null(secret);
}

static void secrets_do_not_overlap(void **state)
{
	struct secret *secrets[20];

	for (size_t i = 0; i < LENGTH_OF(secrets); i++) {
		secrets[i] = secret_new(10 * i);
		assert_non_null(secrets[i]);
		memset(secrets[i]->bytes, (int)i + 1, secrets[i]->capacity);
	}
	for (size_t i = 0; i < LENGTH_OF(secrets); i++) {
		for (size_t j = 0; j < secrets[i]->capacity; j++)
			assert_int_equal(secrets[i]->bytes[j], i + 1);
		secret_free(secrets[i]);
	}
}

static void a_copy_is_equal_and_lives_by_itself(void **state)
{
	struct secret *secret = script_secret("1234");
	CLEANUP(secret_freep) struct secret *copy = secret_copy(secret);
	CLEANUP(secret_freep) struct secret *same = script_secret("1234");

	assert_non_null(copy);
	assert_true(secret_equal(secret, copy));
	secret_free(secret);
	assert_true(secret_equal(copy, same));
}

static void secrets_that_differ_in_one_byte_or_in_length_are_not_equal(void **state)
{
	CLEANUP(secret_freep) struct secret *secret = script_secret("1234");
	static const char *const others[] = { "0234", "1235", "123", "12345", "" };

	for (size_t i = 0; i < LENGTH_OF(others); i++) {
		CLEANUP(secret_freep) struct secret *other = script_secret(others[i]);

		assert_false(secret_equal(secret, other));
		assert_false(secret_equal(other, secret));
	}
}

static void a_secret_is_written_whole_and_a_reader_that_has_gone_is_told(void **state)
{
	CLEANUP(secret_freep) struct secret *secret = script_secret("ABC123");
	char bytes[16];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(secret_write(secret, ends[1]), 0);
	assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 6);
	assert_memory_equal(bytes, "ABC123", 6);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(secret_write(secret, ends[1]), -EPIPE);
	close(ends[1]);
}

static void a_full_pool_says_no_and_serves_again_after_a_free(void **state)
{
	struct secret *secrets[1000];
	size_t count = 0;

	while (count < LENGTH_OF(secrets) && (secrets[count] = secret_new(256)))
		count++;
	assert_in_range(count, 16, LENGTH_OF(secrets) - 1);

	secret_free(secrets[0]);
	secrets[0] = secret_new(256);
	assert_non_null(secrets[0]);
	while (count > 0)
		secret_free(secrets[--count]);
}

static void more_than_the_pool_is_refused(void **state)
{
	assert_null(secret_new(1 << 20));
	assert_null(secret_new(SIZE_MAX));
}

static void a_protected_process_leaves_no_core(void **state)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

		/* Where it may, because the service manager's limit is not what this is about. */
		setrlimit(RLIMIT_CORE, &unlimited);
		if (chdir(P_tmpdir) == 0 && secret_protect_process() == 0)
			abort();
		_exit(1);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_false(WCOREDUMP(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_secret_is_empty_zero_and_has_its_room),
		cmocka_unit_test(a_freed_secret_is_wiped),
		cmocka_unit_test(freeing_nothing_is_allowed_and_the_pointer_is_forgotten),
		cmocka_unit_test(secrets_do_not_overlap),
		cmocka_unit_test(a_copy_is_equal_and_lives_by_itself),
		cmocka_unit_test(secrets_that_differ_in_one_byte_or_in_length_are_not_equal),
		cmocka_unit_test(a_secret_is_written_whole_and_a_reader_that_has_gone_is_told),
		cmocka_unit_test(a_full_pool_says_no_and_serves_again_after_a_free),
		cmocka_unit_test(more_than_the_pool_is_refused),
		cmocka_unit_test(a_protected_process_leaves_no_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
