/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/sheet.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/advice.h"
#include "client/calendar.h"
#include "client/failure.h"
#include "client/jpkictl/applet.h"
#include "client/jpkictl/style.h"
#include "client/language.h"
#include "client/text.h"

/* --- lines ------ */

static const char *const row_names[] = {
	N_("Certificate"), N_("Valid from"), N_("Valid until"), N_("Renewal"), N_("PIN"),
};

enum row {
	ROW_CERTIFICATE,
	ROW_VALID_FROM,
	ROW_VALID_UNTIL,
	ROW_RENEWAL,
	ROW_PIN,
	ROW_NONE, /* goes on with the one before */
};

enum {
	INDENT = 4, /* columns */
	GAP = 2,
	ROOM_MIN = 20, /* in less than that, lines are as long as they are */
	LINE_SIZE = 512,
};

struct sheet {
	FILE *stream;
	bool coloured;
	size_t width; /* of the rows' names */
	struct inventory *inventory;
	const struct card *card;
	const struct applet *applet;
	const struct label *label;
};

static size_t names_width(void)
{
	size_t width = 0;

	for (size_t i = 0; i < LENGTH_OF(row_names); i++)
		width = text_wider(width, _(row_names[i]));
	return width + GAP;
}

/* Lines that go on stay below where the text begins. */
static void print_row(const struct sheet *sheet, enum row row, enum style style, const char *text)
{
	const size_t indent = INDENT + sheet->width, columns = style_columns();
	const size_t room = columns > indent + ROOM_MIN ? columns - indent : SIZE_MAX;
	char line[LINE_SIZE];

	do {
		const size_t length = text_fit(text, room);
		size_t shown = length;

		while (shown > 0 && text[shown - 1] == ' ')
			shown--;
		snprintf(line, sizeof(line), "%.*s", (int)shown, text);
		fprintf(sheet->stream, "%*s", INDENT, "");
		text_pad(sheet->stream, row < ROW_NONE ? _(row_names[row]) : "", sheet->width);
		style_print(sheet->stream, sheet->coloured, style, line);
		fputc('\n', sheet->stream);
		text += length;
		row = ROW_NONE;
	} while (*text);
}

__attribute__((format(printf, 4, 5))) static void
print_formatted(const struct sheet *sheet, enum row row, enum style style, const char *format, ...)
{
	char text[LINE_SIZE];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	print_row(sheet, row, style, text);
}

/* --- the certificate ------ */

/* Of one whose dates are not known. */
static void print_unknown(const struct sheet *sheet)
{
	const int result = sheet->applet->description_result;

	if (applet_state(sheet->applet)) /* "unreadable" */
		print_row(sheet, ROW_CERTIFICATE, STYLE_BAD,
			  _("damaged (have the card checked at the municipal window)"));
	else if (result == ANSWER_PIN_REQUIRED)
		print_formatted(sheet, ROW_CERTIFICATE, STYLE_PLAIN,
				_("present (its dates can only be read with the PIN: jpkictl cert "
				  "%s --text)"),
				sheet->label->kind);
	else if (result != 0 && failure_of(result) == FAILURE_NOT_AUTHORIZED)
		print_row(sheet, ROW_CERTIFICATE, STYLE_PLAIN,
			  _("present (you may not read it; see: jpkictl diagnose)"));
	else
		print_row(sheet, ROW_CERTIFICATE, STYLE_PLAIN, _("present (its dates are not "
								 "known)"));
}

static void print_state(const struct sheet *sheet)
{
	static const struct state {
		const char *state, *text;
		enum style style;
	} states[] = {
		{ "valid", N_("valid by its dates"), STYLE_GOOD },
		{ "renewable", N_("valid by its dates, and can be renewed now"), STYLE_WARNING },
		{ "expired", N_("expired"), STYLE_BAD },
		{ "not-yet-valid", N_("not valid yet (is this computer's date right?)"),
		  STYLE_WARNING },
	};
	const char *state = sheet->applet->description.state;

	for (size_t i = 0; i < LENGTH_OF(states); i++)
		if (strcmp(states[i].state, state) == 0)
			return print_row(sheet, ROW_CERTIFICATE, states[i].style,
					 _(states[i].text));
	print_row(sheet, ROW_CERTIFICATE, STYLE_PLAIN, state);
}

static void print_end(const struct sheet *sheet, const char *day)
{
	int days;

	if (!applet_days_left(sheet->applet, &days))
		return;
	if (days > 1)
		print_formatted(sheet, ROW_VALID_UNTIL, STYLE_PLAIN, _("%s (%d days left)"), day,
				days);
	else if (days == 1)
		print_formatted(sheet, ROW_VALID_UNTIL, STYLE_WARNING, _("%s (tomorrow)"), day);
	else if (days == 0)
		print_formatted(sheet, ROW_VALID_UNTIL, STYLE_WARNING, _("%s (today)"), day);
	else if (days == -1)
		print_formatted(sheet, ROW_VALID_UNTIL, STYLE_BAD, _("%s (yesterday)"), day);
	else
		print_formatted(sheet, ROW_VALID_UNTIL, STYLE_BAD, _("%s (%d days ago)"), day,
				-days);
}

static void print_renewal(const struct sheet *sheet)
{
	const struct description *description = &sheet->applet->description;
	char day[CALENDAR_DAY_SIZE];

	calendar_day(description->renewable_from, day);
	if (strcmp(description->state, "expired") == 0)
		print_row(sheet, ROW_RENEWAL, STYLE_BAD,
			  _("apply for a new certificate at the municipal window"));
	else if (*day && strcmp(description->state, "renewable") == 0)
		print_formatted(sheet, ROW_RENEWAL, STYLE_WARNING,
				_("possible since %s at the municipal window"), day);
	else if (*day)
		print_formatted(sheet, ROW_RENEWAL, STYLE_PLAIN,
				_("possible from %s at the municipal window, three months before "
				  "the end"),
				day);
}

static void print_certificate(const struct sheet *sheet)
{
	const struct description *description = &sheet->applet->description;
	char day[CALENDAR_DAY_SIZE];

	if (!sheet->applet->has_certificate ||
	    sheet->applet->description_result == ANSWER_NO_CERTIFICATE)
		return print_row(sheet, ROW_CERTIFICATE, STYLE_PLAIN,
				 advice_for_missing(sheet->card, sheet->applet));
	if (!description->state)
		return print_unknown(sheet);

	print_state(sheet);
	if (strcmp(description->state, "not-yet-valid") == 0 &&
	    *calendar_day(description->not_before, day))
		print_row(sheet, ROW_VALID_FROM, STYLE_PLAIN, day);
	print_end(sheet, calendar_day(description->not_after, day));
	print_renewal(sheet);
}

/* --- the PIN ------ */

/* What can be done about a locked one. */
static void print_advice(const struct sheet *sheet)
{
	char text[ADVICE_TEXT_SIZE];
	char *rest = advice_text(advice_find(sheet->inventory, sheet->applet), sheet->label, text);

	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		print_row(sheet, ROW_NONE, STYLE_PLAIN, line);
}

static void print_pin(const struct sheet *sheet)
{
	const int32_t left = sheet->applet->tries_left;
	char tries[TEXT_TRIES_SIZE];

	text_tries(left, sheet->applet->tries_max, tries);
	if (left == 0) {
		print_row(sheet, ROW_PIN, STYLE_BAD, tries);
		print_advice(sheet);
	} else if (left == 1) {
		print_row(sheet, ROW_PIN, STYLE_WARNING, tries);
		print_row(sheet, ROW_NONE, STYLE_PLAIN, _("A wrong PIN now would lock it."));
	} else {
		print_row(sheet, ROW_PIN, left < 0 ? STYLE_DIM : STYLE_PLAIN, tries);
	}
}

void sheet_print(struct session *session, const struct card *card, FILE *stream, bool coloured)
{
	struct inventory *inventory = &session->inventory;

	for (size_t i = 0; i < LABEL_COUNT; i++) {
		const struct sheet sheet = {
			.stream = stream,
			.coloured = coloured,
			.width = names_width(),
			.inventory = inventory,
			.card = card,
			.applet = inventory_applet(inventory, card, labels[i].kind),
			.label = &labels[i],
		};

		if (!sheet.applet)
			continue;
		/* TRANSLATORS: "auth", and "利用者証明用" */
		fprintf(stream, _("  %1$s (%2$s)\n"), labels[i].kind, labels[i].name);
		print_certificate(&sheet);
		print_pin(&sheet);
	}
}
