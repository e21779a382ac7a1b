/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/applet-table.h"

#include <string.h>

#include "client/label.h"

#define INDENT "        "

void applet_table_ask(struct session *session, const struct card *card)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		struct applet *applet = inventory_applet(&session->inventory, card, labels[i].kind);
		struct refusal refusal;

		if (applet)
			applet_ask_tries(applet, &session->service, &refusal);
	}
}

static bool is_locked(struct session *session, const struct card *card, const char *kind)
{
	const struct applet *applet = inventory_applet(&session->inventory, card, kind);

	return applet && applet->tries_left == 0;
}

/* What can be done about a locked PIN. */
static void print_advice(struct session *session, const struct card *card,
			 const struct label *label, FILE *stream)
{
	if (strcmp(card->type, "android-phone") == 0 || strcmp(card->type, "iphone") == 0)
		fprintf(stream, INDENT "Have it reset in the phone's マイナポータル app, "
				       "with the My Number Card.\n");
	else if (is_locked(session, card, label->other))
		fprintf(stream, INDENT "Have it reset at the municipal window.\n");
	else
		fprintf(stream,
			INDENT "Have it reset at the municipal window; or with the app\n"
			INDENT "「JPKI暗証番号リセット」 and within 24 hours at a terminal in a\n"
			INDENT "%s, where the %s PIN is needed.\n",
			label->store, label->other);
}

static void print_line(const struct applet *applet, const struct label *label, FILE *stream)
{
	const char *certificate = applet->has_certificate ? "certificate" : "no certificate";
	char tries[LABEL_TRIES_SIZE];

	fprintf(stream, "  %-6s%-16s%-20s(%s)\n", label->kind, certificate,
		label_tries(applet, tries), label->name);
}

void applet_table_print(struct session *session, const struct card *card, FILE *stream)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		const struct label *label = &labels[i];
		const struct applet *applet = inventory_applet(&session->inventory, card,
							       label->kind);

		if (!applet)
			continue;
		print_line(applet, label, stream);
		if (applet->tries_left == 0)
			print_advice(session, card, label, stream);
		else if (applet->tries_left == 1)
			fputs(INDENT "A wrong PIN now would lock it.\n", stream);
	}
}
