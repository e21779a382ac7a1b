/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* It would be this file's. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "systemd/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/utf8.h"

/* jpkid.catalog and jpkid.ja.catalog say more about each. */
static const char *const message_ids[EVENT_COUNT] = {
	[EVENT_KEY_USED] = "d5fa036e30804cdba3a52736d30a41db",
	[EVENT_PIN_VERIFIED] = "1375684cb98e46e78ea6b5385ca4c6a2",
	[EVENT_PIN_CHANGED] = "dfeb03b8ba8543ecb1e723a24f14ab89",
	[EVENT_PIN_RESET] = "02290564f4f946dc8837f4b8e722daed",
	[EVENT_LEASE_GIVEN] = "e34a701dc9e04a3db7c9084c64fe736a",
	[EVENT_PIN_INCORRECT] = "31d45cfff4e749a19b08e6c6a9e9cc69",
	[EVENT_PIN_LOCKED] = "8b090c0ca3d342dfbf626b5b0324af78",
	[EVENT_HELD_OFF] = "57bf1b1ac48243afac22344e086109ff",
	[EVENT_OUTCOME_UNKNOWN] = "28ed33df22984655be2773309b7eec0b",
	[EVENT_CARD_STUCK] = "aed9222ec25747d39ee8ff5e4ebd751a",
	[EVENT_PCSC_GONE] = "a2b564c084ab4eea962d88a921143343",
	[EVENT_PCSC_REFUSED] = "c2def8726ff44a3db0d2c1675f50c21d",
	[EVENT_LEDGER_SET_ASIDE] = "b159b58468ef43ae83012ff40615ecbe",
	[EVENT_LEDGER_UNUSABLE] = "8ecaed5d586a4f78ae11ded3a02391d4",
};

enum {
	FIELD_SIZE = 256, /* with the NUL; no text of ours is as long */
	FIELDS_MAX = 16,
};

/* Without memory of its own, whose lack would cost the line. */
struct entry {
	char texts[FIELDS_MAX][FIELD_SIZE];
	struct iovec fields[FIELDS_MAX];
	int count;
};

static void entry_add(struct entry *entry, char *text)
{
	utf8_clean(text);
	entry->fields[entry->count++] = (struct iovec){ text, strlen(text) };
}

__attribute__((format(printf, 2, 3))) static void entry_format(struct entry *entry,
							       const char *format, ...)
{
	char *const text = entry->texts[entry->count];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, FIELD_SIZE, format, arguments);
	va_end(arguments);
	entry_add(entry, text);
}

static void entry_text(struct entry *entry, const char *name, const char *value)
{
	if (value)
		entry_format(entry, "%s=%s", name, value);
}

static void entry_fields(struct entry *entry, const struct log_fields *fields)
{
	entry_text(entry, "MESSAGE_ID", message_ids[fields->event]);
	entry_text(entry, "JPKID_OPERATION", fields->operation);
	entry_text(entry, "JPKID_READER", fields->reader);
	entry_text(entry, "JPKID_APPLET", fields->applet);
	entry_text(entry, "JPKID_ERROR", fields->error);
	if (fields->has_caller)
		entry_format(entry, "JPKID_CALLER_UID=%u", fields->caller_uid);
	if (fields->caller_pid > 0)
		entry_format(entry, "JPKID_CALLER_PID=%d", fields->caller_pid);
	if (fields->has_tries)
		entry_format(entry, "JPKID_TRIES_LEFT=%d", fields->tries_left);
	if (fields->sw != 0)
		entry_format(entry, "JPKID_SW=%04X", fields->sw);
}

bool journal_is_connected(void)
{
	return getenv("JOURNAL_STREAM") != NULL;
}

void journal_log(int level, const struct log_fields *fields, const char *line)
{
	char message[sizeof("MESSAGE=") + LOG_LINE_SIZE];
	struct entry entry;

	entry.count = 0;
	snprintf(message, sizeof(message), "MESSAGE=%s", line);
	entry_add(&entry, message);
	entry_format(&entry, "PRIORITY=%d", level);
	if (fields)
		entry_fields(&entry, fields);
	/* Standard error leads to the journal as well; sd-daemon(3) has the prefix. */
	if (sd_journal_sendv(entry.fields, entry.count) < 0)
		fprintf(stderr, "<%d>%s\n", level, line);
}
