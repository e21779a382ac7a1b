/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/record.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

enum {
	US_PER_S = 1000000,
	NS_PER_US = 1000,
};

uint64_t record_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / NS_PER_US;
}

int record_open(struct record *record, const char *path)
{
	*record = (struct record){0};
	if (!path)
		return 0;
	record->file = fopen(path, "ae");
	if (!record->file)
		return -errno;
	setvbuf(record->file, NULL, _IOLBF, BUFSIZ);
	return 0;
}

void record_close(struct record *record)
{
	if (record->file)
		fclose(record->file);
	record->file = NULL;
}

void record_event(struct record *record, const char *event)
{
	if (record->file)
		fprintf(record->file, "%" PRIu64 " %s\n", record_now_us(), event);
}

static void print_count_or_dash(FILE *file, size_t count)
{
	if (count)
		fprintf(file, " %zu", count);
	else
		fputs(" -", file);
}

static void print_body(FILE *file, const struct command *c)
{
	if (c->lc && (c->ins == INS_SELECT || c->ins == INS_PERFORM_SECURITY_OPERATION)) {
		for (size_t i = 0; i < c->lc; i++)
			fprintf(file, "%02X", c->data[i]);
	} else {
		fputc('-', file);
	}
}

void record_apdu(struct record *record, const struct command *c, const struct answer *answer)
{
	FILE *file = record->file;

	if (!file)
		return;
	fprintf(file, "%" PRIu64 " apdu %02X%02X%02X%02X", record_now_us(), c->cla, c->ins, c->p1,
		c->p2);
	if (c->wrong_length)
		fputs(" ?", file);
	else
		print_count_or_dash(file, c->lc);
	print_count_or_dash(file, c->le);
	if (answer)
		fprintf(file, " %04X %zu ", answer->sw, answer->len);
	else
		fputs(" - - ", file);
	print_body(file, c);
	fputc('\n', file);
}
