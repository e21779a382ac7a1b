/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

char state_path[STATE_PATH_SIZE];
struct ledger state_ledger;
unsigned int state_log_lines;
const struct rules state_rules = { .reserve = 1, .hold_off = { MINUTE, 10 * MINUTE, HOUR } };

static void count_line(int level, const struct log_fields *fields, const char *line)
{
	assert_true(strlen(line) > 0);
	state_log_lines += level <= LOG_WARNING;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	return remove(path);
}

int state_set_up(void **state)
{
	snprintf(state_path, sizeof(state_path), "%s/jpkid-ledger.XXXXXX", P_tmpdir);
	if (!mkdtemp(state_path))
		return -1;
	state_ledger.directory = open(state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memset(state_ledger.card, STATE_CARD, sizeof(state_ledger.card));
	state_log_lines = 0;
	log_set_sink(count_line);
	return state_ledger.directory < 0 ? -1 : 0;
}

int state_tear_down(void **state)
{
	close(state_ledger.directory);
	return nftw(state_path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *state_file(const char *suffix)
{
	static char paths[2][STATE_PATH_SIZE + 128];
	static unsigned int turn;
	char card[DIGEST_HEX_SIZE], *const path = paths[++turn % 2];

	digest_to_hex(state_ledger.card, card);
	snprintf(path, sizeof(paths[0]), "%s/%s.ledger%s", state_path, card, suffix);
	return path;
}

unsigned int state_file_count(void)
{
	DIR *const directory = opendir(state_path);
	unsigned int count = 0;

	assert_non_null(directory);
	for (const struct dirent *entry; (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

void state_write(const char *bytes, size_t length)
{
	FILE *const file = fopen(state_file(""), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

struct ledger_intent state_begin(enum ledger_secret secret, uid_t uid, time_t now)
{
	struct ledger_intent intent;

	assert_int_equal(ledger_begin(&state_ledger, secret, uid, now, &intent), 0);
	return intent;
}

void state_use(enum ledger_secret secret, uid_t uid, enum ledger_outcome outcome, time_t now)
{
	const struct ledger_intent intent = state_begin(secret, uid, now);

	assert_int_equal(ledger_settle(&state_ledger, &intent, outcome, now), 0);
}

void state_get_wrong(enum ledger_secret secret, uid_t uid, unsigned int times, time_t now)
{
	while (times-- > 0)
		state_use(secret, uid, LEDGER_WRONG, now);
}

void state_assert_free(enum ledger_secret secret, uid_t uid, time_t now)
{
	time_t until = -1;

	assert_int_equal(ledger_check(&state_ledger, &state_rules, secret, uid, now + ROUNDING, &until), 0);
	assert_int_equal(until, -1);
}

void state_assert_held_off(enum ledger_secret secret, uid_t uid, time_t now, time_t until)
{
	time_t found = -1;

	assert_int_equal(ledger_check(&state_ledger, &state_rules, secret, uid, now, &found), ANSWER_HELD_OFF);
	assert_int_equal(found, until + ROUNDING);
}

void state_assert_everybody_waits(time_t now)
{
	for (int secret = 0; secret < LEDGER_SECRET_COUNT; secret++) {
		state_assert_held_off((enum ledger_secret)secret, ALICE, now, now + HOUR);
		state_assert_held_off((enum ledger_secret)secret, 0, now + HOUR - 1, now + HOUR);
		state_assert_free((enum ledger_secret)secret, BOB, now + HOUR);
	}
}

unsigned int state_wrong(enum ledger_secret secret, uid_t uid)
{
	struct ledger_page page;
	const struct ledger_entry *entry;
	unsigned int wrong;
	const int r = ledger_file_read(&state_ledger, &page);

	if (r == -EBADMSG)
		return LEDGER_WRONG_MAX;
	assert_int_equal(r, 0);
	entry = ledger_page_find(&page, secret, uid);
	if (!entry)
		entry = ledger_page_find(&page, secret, LEDGER_ANYBODY);
	wrong = entry ? entry->wrong : 0;
	wrong += page.has_intent && page.intent.secret == secret && page.intent.uid == uid;
	return wrong < LEDGER_WRONG_MAX ? wrong : LEDGER_WRONG_MAX;
}
