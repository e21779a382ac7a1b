/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps that are about the reader, the card in it and its certificates. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "client/advice.h"
#include "client/calendar.h"
#include "client/jpkictl/applet.h"
#include "client/jpkictl/diagnosis-steps.h"
#include "client/jpkictl/reader.h"
#include "client/jpkictl/usb.h"
#include "client/language.h"
#include "client/text.h"

/* --- obstacles ------ */

/* Where it shows. */
static const struct {
	size_t step;
	const char *situation;
	const char *words; /* NULL: those of reader_words() */
} obstacles[OBSTACLE_COUNT] = {
	[OBSTACLE_BUSY] = { STEP_CARD, "busy" },
	[OBSTACLE_MUTE] = { STEP_CARD, "mute", N_("does not answer") },
	[OBSTACLE_JUKI_CARD] = { STEP_APPLICATION, "juki-card" },
	[OBSTACLE_FOREIGN] = { STEP_APPLICATION, "foreign" },
	[OBSTACLE_UNAVAILABLE] = { STEP_READER, "unavailable" },
	[OBSTACLE_EMPTY] = { STEP_CARD, "empty", N_("none is in the reader") },
};

/* Whether the chosen reader's obstacle shows at @step. */
static bool is_in_the_way(const struct diagnosis *diagnosis, const struct step *step,
			  struct finding *finding)
{
	const struct inventory *inventory = &diagnosis->session.inventory;
	const enum obstacle obstacle = reader_obstacle(inventory, diagnosis->reader);
	const char *words;

	if (obstacle == OBSTACLE_NONE || step != &steps[obstacles[obstacle].step])
		return false;
	words = obstacles[obstacle].words;
	finding_set(finding, VERDICT_WRONG, obstacles[obstacle].situation,
		    obstacle_advice(obstacle), "%s",
		    words ? _(words) : reader_words(inventory, diagnosis->reader));
	return true;
}

/* --- the reader ------ */

static void describe_plugged(const struct usb_reader *usb, struct finding *finding)
{
	const char *name = *usb->name ? usb->name : _("a card reader");

	switch (usb->driver) {
	case USB_DRIVER_THERE:
		return finding_set(
			finding, VERDICT_WRONG, "usb-not-seen",
			_("If jpkid.conf(5) does not exclude it, unplug it and plug it in "
			  "again; if that does not help: systemctl restart pcscd"),
			_("%s (%04x:%04x) is plugged in, but is not shown as a reader"), name,
			usb->vendor, usb->product);
	case USB_DRIVER_UNAWARE:
		return finding_set(finding, VERDICT_WRONG, "usb-driver-too-old",
				   _("Install a newer libccid (Sony RC-S300 needs 1.4.35 or "
				     "later), or use another reader."),
				   _("%s (%04x:%04x) is plugged in, but the driver libccid %s does "
				     "not know it"),
				   name, usb->vendor, usb->product, usb->libccid_version);
	case USB_DRIVER_MISSING:
		return finding_set(finding, VERDICT_WRONG, "usb-driver-missing",
				   _("Install it with: apt install libccid, and then: systemctl "
				     "restart pcscd"),
				   _("%s (%04x:%04x) is plugged in, but the driver libccid is not "
				     "installed"),
				   name, usb->vendor, usb->product);
	case USB_DRIVER_NEVER:
		return finding_set(
			finding, VERDICT_WRONG, "usb-no-driver",
			_("Use another reader, such as Sony RC-S300."),
			_("%s (%04x:%04x) is plugged in, but pcscd has no driver for such "
			  "a reader"),
			name, usb->vendor, usb->product);
	}
}

void check_reader(struct diagnosis *diagnosis, const struct step *step, struct finding *finding)
{
	const char *wanted = diagnosis->session.arguments->reader;
	struct usb_reader usb;

	if (diagnosis->reader) {
		if (!is_in_the_way(diagnosis, step, finding))
			finding_set(finding, VERDICT_ALL_RIGHT, "there", NULL, "%s",
				    diagnosis->reader->name);
	} else if (diagnosis->session.inventory.reader_count > 0) {
		finding_set(finding, VERDICT_WRONG, "no-such-reader",
			    _("To see which readers there are: jpkictl status"),
			    _("there is no reader '%s'"), wanted);
	} else if (usb_find_reader(&usb)) {
		describe_plugged(&usb, finding);
	} else {
		finding_set(finding, VERDICT_WRONG, "none",
			    _("Connect a card reader. In a virtual machine, pass the USB device "
			      "through to it."),
			    "%s", _("none is connected"));
	}
}

/* --- the card ------ */

void check_card(struct diagnosis *diagnosis, const struct step *step, struct finding *finding)
{
	const struct card *card = inventory_card(&diagnosis->session.inventory, diagnosis->reader);

	if (is_in_the_way(diagnosis, step, finding))
		return;
	if (step == &steps[STEP_CARD])
		finding_set(finding, VERDICT_ALL_RIGHT, "there", NULL, "%s", _("is in the reader"));
	else
		finding_set(finding, VERDICT_ALL_RIGHT, card->type, NULL, "%s",
			    reader_words(&diagnosis->session.inventory, diagnosis->reader));
}

/* Whether a step before has waited for the card in vain. */
static bool is_unresponsive(const struct diagnosis *diagnosis)
{
	for (size_t i = STEP_AUTH_PIN; i < STEP_COUNT; i++) {
		const char *situation = diagnosis->findings[i].situation;

		if (situation && strcmp(situation, "unresponsive") == 0)
			return true;
	}
	return false;
}

/* NULL: there is nothing to ask, and the finding says why. */
static struct applet *applet_to_ask(struct diagnosis *diagnosis, const struct step *step,
				    struct finding *finding)
{
	struct inventory *inventory = &diagnosis->session.inventory;
	struct applet *applet = inventory_applet(
		inventory, inventory_card(inventory, diagnosis->reader), step->applet);

	if (!applet)
		finding_set(finding, VERDICT_NOT_CHECKED, "gone", NULL, "%s",
			    _("the card has been taken out"));
	else if (!diagnosis->may_read)
		finding_set(finding, VERDICT_NOT_CHECKED, "no-permission", NULL, "%s",
			    _("not asked, because polkit has not allowed it"));
	else if (is_unresponsive(diagnosis))
		finding_set(finding, VERDICT_NOT_CHECKED, "unresponsive", NULL, "%s",
			    _("not asked, because the card does not answer"));
	else
		return applet;
	return NULL;
}

/* Of a PIN that is locked, or would be. What can be done depends on the other PIN. */
static void find_scarce(struct diagnosis *diagnosis, const struct applet *applet, const char *tries,
			struct finding *finding)
{
	struct inventory *inventory = &diagnosis->session.inventory;
	const struct card *card = inventory_card(inventory, diagnosis->reader);
	const struct label *label = label_find(applet->kind);
	struct applet *other = inventory_applet(inventory, card, label->other);
	char reset[ADVICE_TEXT_SIZE], advice[2 * ADVICE_TEXT_SIZE];
	struct refusal refusal;

	if (other)
		applet_look_at_tries(other, diagnosis->session.service, &refusal);
	advice_text(advice_find(inventory, applet), label, reset);
	if (applet->tries_left == 0)
		return finding_set(finding, VERDICT_WRONG, "locked", reset, "%s", tries);
	snprintf(advice, sizeof(advice),
		 _("A wrong PIN now would lock it; the right one brings all tries back. If you are "
		   "not sure of it:\n%s"),
		 reset);
	finding_set(finding, VERDICT_WRONG, "last-try", advice, "%s", tries);
}

void check_pin(struct diagnosis *diagnosis, const struct step *step, struct finding *finding)
{
	struct applet *applet = applet_to_ask(diagnosis, step, finding);
	char tries[TEXT_TRIES_SIZE];
	struct refusal refusal;

	if (!applet)
		return;
	if (!applet->has_certificate)
		return finding_set(finding, VERDICT_NOT_CHECKED, "no-certificate", NULL, "%s",
				   _("there is no certificate for it"));
	if (!applet_look_at_tries(applet, diagnosis->session.service, &refusal))
		return finding_set_refused(finding, &refusal);
	text_tries(applet->tries_left, applet->tries_max, tries);
	if (applet->tries_left <= 1)
		find_scarce(diagnosis, applet, tries, finding);
	else
		finding_set(finding, VERDICT_ALL_RIGHT, "open", NULL, "%s", tries);
}

/* --- certificates ------ */

static void describe_dates(const struct description *description, struct finding *finding)
{
	const char *state = description->state ? description->state : "";
	char until[CALENDAR_DAY_SIZE], from[CALENDAR_DAY_SIZE];

	calendar_day(description->not_after, until);
	calendar_day(description->not_before, from);
	if (!*until)
		finding_set(finding, VERDICT_NOT_CHECKED, "unknown", NULL, "%s",
			    _("its dates are not known"));
	else if (strcmp(state, "expired") == 0)
		finding_set(finding, VERDICT_WRONG, "expired",
			    _("Apply for a new certificate at the municipal window."),
			    _("expired; was valid until %s"), until);
	else if (strcmp(state, "not-yet-valid") == 0)
		finding_set(finding, VERDICT_WRONG, "not-yet-valid",
			    _("Check whether this computer's date is right: timedatectl"),
			    _("not valid before %s"), from);
	else if (strcmp(state, "renewable") == 0)
		finding_set(finding, VERDICT_ALL_RIGHT, "renewable", NULL,
			    _("valid until %s; can now be renewed at the municipal window"), until);
	else
		finding_set(finding, VERDICT_ALL_RIGHT, "valid", NULL, _("valid until %s"), until);
}

/* One of sign is not for everybody. */
static void find_missing(struct diagnosis *diagnosis, const struct applet *applet,
			 struct finding *finding)
{
	const struct card *card = inventory_card(&diagnosis->session.inventory,
						 diagnosis->reader);

	finding_set(finding,
		    strcmp(applet->kind, "sign") == 0 ? VERDICT_NOT_CHECKED : VERDICT_WRONG,
		    "missing", NULL, "%s", advice_for_missing(card, applet));
}

void check_certificate(struct diagnosis *diagnosis, const struct step *step,
		       struct finding *finding)
{
	struct applet *applet = applet_to_ask(diagnosis, step, finding);
	struct refusal refusal;

	if (!applet)
		return;
	if (!applet->has_certificate)
		find_missing(diagnosis, applet, finding);
	else if (applet_look_at_certificate(applet, diagnosis->session.service, &refusal))
		describe_dates(&applet->description, finding);
	else if (refusal.result == ANSWER_PIN_REQUIRED)
		finding_set(finding, VERDICT_NOT_CHECKED, "needs-pin", NULL,
			    _("its dates can only be read with the PIN: jpkictl cert %s --text"),
			    applet->kind);
	else
		finding_set_refused(finding, &refusal);
}
