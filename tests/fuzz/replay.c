/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The main() of a fuzzer in `make check`: plays every file of its corpus, tests/fuzz/corpus/NAME,
 * where the program's name is fuzz-NAME, or of the directory that is its argument. `make fuzz`
 * builds the same fuzzers with clang's libFuzzer instead; then, to look for more:
 *
 *     tests/fuzz/libfuzzer-NAME -max_total_time=60 NEW-CORPUS SOURCE/tests/fuzz/corpus/NAME
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

enum {
	FILE_LENGTH_MAX = 1 << 20,
};

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A heap block of just its length, so that AddressSanitizer sees every step over its end. */
static int play(const char *path)
{
	CLEANUP(freep) uint8_t *bytes = malloc(FILE_LENGTH_MAX);
	FILE *file = fopen(path, "rb");
	uint8_t *fitted;
	size_t length;

	if (!bytes || !file) {
		perror(path);
		return -1;
	}
	length = fread(bytes, 1, FILE_LENGTH_MAX, file);
	fclose(file);
	fitted = realloc(bytes, length + !length);
	if (!fitted)
		return -1;
	bytes = fitted;
	LLVMFuzzerTestOneInput(bytes, length);
	return 0;
}

static void corpus_path(const char *program, char *ret_path, size_t room)
{
	const char *source = getenv("srcdir"), *name = strrchr(program, '-');

	snprintf(ret_path, room, "%s/tests/fuzz/corpus/%s", source ? source : ".",
		 name ? name + 1 : program);
}

int main(int argc, char **argv)
{
	char directory[PATH_MAX], path[PATH_MAX + NAME_MAX + 1];
	struct dirent **entries;
	int count, failed = 0;

	if (argc > 1)
		snprintf(directory, sizeof(directory), "%s", argv[1]);
	else
		corpus_path(argv[0], directory, sizeof(directory));

	count = scandir(directory, &entries, is_visible, alphasort);
	if (count <= 0) {
		fprintf(stderr, "%s: no corpus\n", directory);
		return EXIT_FAILURE;
	}

	printf("[==========] Running %d test(s).\n", count);
	for (int i = 0; i < count; i++) {
		printf("[ RUN      ] %s\n", entries[i]->d_name);
		fflush(stdout);
		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		failed += play(path) < 0;
		free(entries[i]);
	}
	free(entries);
	printf("[  PASSED  ] %d test(s).\n", count - failed);
	if (failed > 0)
		printf("[  FAILED  ] %d test(s).\n", failed);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
