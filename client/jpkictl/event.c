/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/event.h"

#include "client/calendar.h"
#include "client/jpkictl/reader.h"
#include "client/label.h"
#include "client/language.h"
#include "client/text.h"

const char *event_name(const struct event *event)
{
	static const char *const names[] = {
		[EVENT_SERVICE_RUNNING] = "service-running",
		[EVENT_SERVICE_GONE] = "service-gone",
		[EVENT_PCSCD] = "pcscd",
		[EVENT_READER_ADDED] = "reader-added",
		[EVENT_READER_REMOVED] = "reader-removed",
		[EVENT_READER_STATE] = "reader-state",
		[EVENT_CARD_INSERTED] = "card-inserted",
		[EVENT_CARD_REMOVED] = "card-removed",
		[EVENT_TRIES] = "tries",
	};

	return names[event->kind];
}

static void print_pcscd(const struct manager *manager, FILE *stream)
{
	static const struct word states[] = {
		{ "available", N_("pcscd is running.") },
		{ "absent", N_("pcscd is not running; see: jpkictl diagnose") },
		{ "refused", N_("pcscd does not let the service jpkid use it; see: jpkictl "
				"diagnose") },
		{ 0 },
	};

	fputs(text_word(states, manager->pcsc_state), stream);
}

static void print_tries(const struct event *event, FILE *stream)
{
	const struct applet *applet = event->applet;
	const struct label *label = label_find(applet->kind);
	char tries[TEXT_TRIES_SIZE];

	fprintf(stream, "%s: %s: %s", event->reader->name, label ? _(label->pin) : applet->kind,
		text_tries(applet->tries_left, applet->tries_max, tries));
}

static void print_sentence(const struct event *event, FILE *stream)
{
	const struct reader *reader = event->reader;

	switch (event->kind) {
	case EVENT_SERVICE_RUNNING:
		fprintf(stream, _("The service jpkid %s is running."),
			event->inventory->manager.version);
		return;
	case EVENT_SERVICE_GONE:
		fputs(_("The service jpkid has ended; waiting for it."), stream);
		return;
	case EVENT_PCSCD:
		print_pcscd(&event->inventory->manager, stream);
		return;
	case EVENT_READER_ADDED:
		fprintf(stream, _("%s: reader connected (%s)"), reader->name,
			reader_words(event->inventory, reader));
		return;
	case EVENT_READER_REMOVED:
		fprintf(stream, _("%s: reader disconnected"), reader->name);
		return;
	case EVENT_READER_STATE:
	case EVENT_CARD_INSERTED:
	case EVENT_CARD_REMOVED:
		fprintf(stream, "%s: %s", reader->name, reader_words(event->inventory, reader));
		return;
	case EVENT_TRIES:
		print_tries(event, stream);
		return;
	}
}

void event_print(const struct event *event, FILE *stream)
{
	char clock[CALENDAR_STAMP_SIZE];

	fprintf(stream, "%s  ", calendar_local(event->time, clock));
	print_sentence(event, stream);
	fputc('\n', stream);
}
