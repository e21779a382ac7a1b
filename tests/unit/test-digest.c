/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must be seen in a process of its own, because it is about first uses and about the end, is a mode of this
 * program: its argument is "traces", "exit", or the length of a message that is searched for in memory.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/digest.h"
#include "daemon/thread.h"
#include "tests/unit/script.h"

enum {
	KEY_COUNT = 1024,        /* PTHREAD_KEYS_MAX */
	WORD_LENGTH = 4,         /* of SHA-256 */
	WINDOW_LENGTH = 1 << 20, /* of memory that is searched at a time */
};

/* Larger mappings are AddressSanitizer's, and nearly empty. */
static const size_t mapping_length_max = 1 << 26;

static struct secret *secret_of(const uint8_t *bytes, size_t length)
{
	struct secret *secret = secret_new(length);

	assert_non_null(secret);
	memcpy(secret->bytes, bytes, length);
	secret->length = length;
	return secret;
}

static void assert_sha256(const void *bytes, size_t length, const char *hex)
{
	uint8_t digest[DIGEST_LENGTH];
	char found[DIGEST_HEX_SIZE];

	assert_int_equal(digest_sha256(bytes, length, digest), 0);
	digest_to_hex(digest, found);
	assert_string_equal(found, hex);
}

static void assert_keyed(const struct secret *key, const struct secret *message, const char *hex)
{
	CLEANUP(secret_freep) struct secret *digest = NULL;
	char found[DIGEST_HEX_SIZE];

	assert_int_equal(digest_keyed(key, message, &digest), 0);
	assert_int_equal(digest->length, DIGEST_LENGTH);
	digest_to_hex(digest->bytes, found);
	assert_string_equal(found, hex);
}

static void sha256_gives_the_digests_of_fips_180(void **state)
{
	CLEANUP(freep) char *million = malloc(1000000);
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	assert_non_null(million);
	memset(million, 'a', 1000000);
	assert_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_sha256(two_blocks, strlen(two_blocks),
		      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_sha256(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* A key or message of one byte again and again, or a text. */
static const struct keyed_vector {
	uint8_t key_byte;
	size_t key_length;
	const char *key;
	uint8_t message_byte;
	size_t message_length;
	const char *message;
	const char *digest;
} keyed_vectors[] = {
	{ 0x0B, 20, NULL, 0, 0, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ 0, 0, "Jefe", 0, 0, "what do ya want for nothing?",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ 0xAA, 20, NULL, 0xDD, 50, NULL, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ 0xAA, 131, NULL, 0, 0, "Test Using Larger Than Block-Size Key - Hash Key First",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ 0xAA, 131, NULL, 0, 0,
	  "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
	  "hashed before being used by the HMAC algorithm.",
	  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
	{ 0, 0, "", 0, 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
};

static struct secret *vector_secret(const char *text, uint8_t byte, size_t length)
{
	uint8_t repeated[200];

	if (text)
		return secret_of((const uint8_t *)text, strlen(text));
	memset(repeated, byte, length);
	return secret_of(repeated, length);
}

static void keyed_digests_are_those_of_rfc_4231(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(keyed_vectors); i++) {
		const struct keyed_vector *vector = &keyed_vectors[i];
		CLEANUP(secret_freep) struct secret *key =
			vector_secret(vector->key, vector->key_byte, vector->key_length);
		CLEANUP(secret_freep) struct secret *message =
			vector_secret(vector->message, vector->message_byte, vector->message_length);

		assert_keyed(key, message, vector->digest);
	}
}

static void one_key_does_not_rub_off_on_the_next(void **state)
{
	for (unsigned int i = 0; i < 2; i++)
		keyed_digests_are_those_of_rfc_4231(state);
}

static void without_room_for_a_secret_there_is_no_digest(void **state)
{
	CLEANUP(secret_freep) struct secret *key = script_secret("key"), *message = script_secret("1234");
	struct secret *hoard[1000], *digest = key;
	size_t count = 0;

	while (count < LENGTH_OF(hoard) && (hoard[count] = secret_new(1)))
		count++;
	assert_in_range(count, 1, LENGTH_OF(hoard) - 1);
	assert_int_equal(digest_keyed(key, message, &digest), -ENOMEM);
	assert_ptr_equal(digest, key);
	while (count > 0)
		secret_free(hoard[--count]);
	assert_keyed(key, message, "280ed91eee6eb96a2b1cf598843c1308e84623d14e4208d96c20f7e2de81315e");
}

/* --- what a thread leaves behind ------ */

static _Thread_local const void *thread_values[KEY_COUNT];
static _Thread_local unsigned int thread_values_set;

/* OpenSSL's calls come here too: a program's own function goes before a library's. */
int pthread_setspecific(pthread_key_t key, const void *value)
{
	static int (*real)(pthread_key_t, const void *);

	if (!real)
		*(void **)(void *)&real = dlsym(RTLD_NEXT, "pthread_setspecific");
	if (key < KEY_COUNT)
		thread_values[key] = value;
	thread_values_set += value != NULL;
	return real(key, value);
}

/* How many are addresses; -1 is a mark, and nobody's memory. */
static unsigned int thread_values_left(void)
{
	unsigned int left = 0;

	for (size_t i = 0; i < KEY_COUNT; i++)
		left += thread_values[i] != NULL && thread_values[i] != (const void *)-1;
	return left;
}

static void use_both(void)
{
	CLEANUP(secret_freep) struct secret *key = script_secret("key"), *digest = NULL;
	uint8_t plain[DIGEST_LENGTH];

	if (digest_sha256("abc", 3, plain) < 0 || digest_keyed(key, key, &digest) < 0)
		_exit(EXIT_FAILURE);
}

struct traces {
	pthread_barrier_t done;
	unsigned int set, left;
};

static void *use_and_end(void *userdata)
{
	struct traces *traces = userdata;
	const unsigned int set = thread_values_set, left = thread_values_left();

	use_both();
	traces->set = thread_values_set - set;
	traces->left = thread_values_left() - left;
	pthread_barrier_wait(&traces->done);
	return NULL;
}

static struct traces traces_of_a_thread(void)
{
	struct traces traces = { .set = UINT32_MAX };

	pthread_barrier_init(&traces.done, NULL, 2);
	if (thread_start(use_and_end, &traces) < 0)
		_exit(EXIT_FAILURE);
	pthread_barrier_wait(&traces.done);
	pthread_barrier_destroy(&traces.done); /* waits until the thread has left it */
	return traces;
}

/* That OpenSSL has state for threads at all shows in the first, which finds the algorithms. */
static int mode_traces(void)
{
	const struct traces first = traces_of_a_thread(), second = traces_of_a_thread();

	printf("first: %u set, %u left; second: %u set\n", first.set, first.left, second.set);
	return first.set > 0 && first.left == 0 && second.set == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void *use_for_ever(void *userdata)
{
	pthread_barrier_t *used = userdata;

	use_both();
	pthread_barrier_wait(used);
	for (;;)
		use_both();
	return NULL;
}

static void linger(void)
{
	usleep(50000);
}

/* What is registered first comes last: after OpenSSL's own handler. */
static int mode_exit(void)
{
	static pthread_barrier_t used;

	atexit(linger);
	pthread_barrier_init(&used, NULL, 3);
	for (int i = 0; i < 2; i++)
		if (thread_start(use_for_ever, &used) < 0)
			return EXIT_FAILURE;
	pthread_barrier_wait(&used);
	return EXIT_SUCCESS;
}

/* --- what a message leaves behind ------ */

/* A message, and the 32-bit words that SHA-256 makes of it as this machine has them in memory. */
struct search {
	int memory; /* /proc/self/mem */
	uint8_t *window;
	struct secret *message, *words;
};

static unsigned int count_in_window(const uint8_t *window, size_t length, const struct secret *sought)
{
	unsigned int count = 0;

	for (size_t i = 0; i + WORD_LENGTH <= sought->length; i++) {
		const uint8_t *place = window, *const end = window + length;

		for (; (place = memmem(place, (size_t)(end - place), sought->bytes + i, WORD_LENGTH)); place++)
			count++;
	}
	return count;
}

static unsigned int count_in_mapping(const struct search *search, size_t start, size_t end)
{
	unsigned int count = 0;

	for (size_t at = start; at < end; at += WINDOW_LENGTH - WORD_LENGTH + 1) {
		const ssize_t got = pread(search->memory, search->window, WINDOW_LENGTH, (off_t)at);
		const size_t length = got < 0 ? 0 : (size_t)got < end - at ? (size_t)got : end - at;

		count += count_in_window(search->window, length, search->message) +
			 count_in_window(search->window, length, search->words);
	}
	return count;
}

/* How often any four bytes in a row are in memory that can be written, the window apart. */
static unsigned int count_in_memory(const struct search *search)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned int count = 0;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		size_t start, end;
		char flags[5];

		if (sscanf(line, "%zx-%zx %4s", &start, &end, flags) == 3 && flags[0] == 'r' && flags[1] == 'w' &&
		    end - start <= mapping_length_max && start != (size_t)search->window)
			count += count_in_mapping(search, start, end);
	}
	if (maps)
		fclose(maps);
	return count;
}

/* In a thread of its own, so that what it leaves on its stack is not written over by the search. */
struct keyed_use {
	const struct secret *key, *message;
	struct secret *digest;
	pthread_barrier_t done;
};

static void *use_keyed(void *userdata)
{
	struct keyed_use *use = userdata;

	if (digest_keyed(use->key, use->message, &use->digest) < 0)
		_exit(EXIT_FAILURE);
	pthread_barrier_wait(&use->done);
	for (;;)
		pause();
	return NULL;
}

/* Whether the first digest_keyed() leaves as many pieces of a message in memory as there were. */
static bool leaves_nothing(struct search *search, size_t length)
{
	CLEANUP(secret_freep) struct secret *key = script_secret("a key"), *stray = secret_new(length);
	CLEANUP(secret_freep) struct secret *message = secret_new(length), *words = secret_new(length);
	static struct keyed_use use;
	unsigned int before, with_stray, after;

	for (size_t i = 0; i < length; i++) {
		message->bytes[i] = (uint8_t)(i * 167 + 91 + length);
		words->bytes[i ^ (WORD_LENGTH - 1)] = message->bytes[i];
	}
	message->length = words->length = length;
	search->message = message;
	search->words = words;

	before = count_in_memory(search);
	memcpy(stray->bytes, message->bytes, length);
	with_stray = count_in_memory(search);
	stray = secret_free(stray);

	use.key = key;
	use.message = message;
	pthread_barrier_init(&use.done, NULL, 2);
	if (thread_start(use_keyed, &use) < 0)
		return false;
	pthread_barrier_wait(&use.done);
	after = count_in_memory(search);
	printf("%zu bytes: %u before, %u with a stray copy, %u after\n", length, before, with_stray, after);
	return before > 0 && with_stray > before && after == before;
}

static int mode_memory(size_t length)
{
	struct search search = {
		.memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC),
		.window = mmap(NULL, WINDOW_LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	};

	return leaves_nothing(&search, length) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- the modes ------ */

static void assert_mode_succeeds(const char *mode)
{
	char name[] = "test-digest", *const argument = strdup(mode);
	char *const arguments[] = { name, argument, NULL };
	int status;
	pid_t child;

	assert_int_equal(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	free(argument);
}

static void a_thread_that_has_used_both_keeps_nothing_of_openssl(void **state)
{
	assert_mode_succeeds("traces");
}

static void digests_outlive_the_main_thread(void **state)
{
	assert_mode_succeeds("exit");
}

static void of_a_message_nothing_stays_in_memory(void **state)
{
	/* OpenSSL's code for SHA-256 with SHA extensions, AVX2, AVX, SSSE3 and none of them. */
	static const char *const processors[] = { "", ":~0x20000000", ":~0x20000020", "~0x1000000000000000:~0x20000020",
						  "~0x1000020000000000:~0x20000020" };

	for (size_t i = 0; i < LENGTH_OF(processors); i++) {
		assert_int_equal(setenv("OPENSSL_ia32cap", processors[i], 1), 0);
		assert_mode_succeeds("4");
		assert_mode_succeeds("8");
		assert_mode_succeeds("16");
	}
	unsetenv("OPENSSL_ia32cap");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_digests_of_fips_180),
		cmocka_unit_test(keyed_digests_are_those_of_rfc_4231),
		cmocka_unit_test(one_key_does_not_rub_off_on_the_next),
		cmocka_unit_test(without_room_for_a_secret_there_is_no_digest),
		cmocka_unit_test(a_thread_that_has_used_both_keeps_nothing_of_openssl),
		cmocka_unit_test(digests_outlive_the_main_thread),
		cmocka_unit_test(of_a_message_nothing_stays_in_memory),
	};

	if (argc > 1 && strcmp(argv[1], "traces") == 0)
		return mode_traces();
	if (argc > 1 && strcmp(argv[1], "exit") == 0)
		return mode_exit();
	if (argc > 1)
		return mode_memory((size_t)atoi(argv[1]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
