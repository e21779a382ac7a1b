/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/notices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/log.h"
#include "client/calendar.h"
#include "client/description.h"
#include "client/jpkid-agent/notice-store.h"
#include "client/jpkid-agent/notifications.h"
#include "client/language.h"
#include "client/openssl.h"

enum {
	ACCURACY_USEC = USEC_PER_SEC,
	SUMMARY_SIZE = 256,
	BODY_SIZE = 1024,
};

struct notices {
	sd_event_source *timer; /* at the next stage of any certificate */
	struct notifications *notifications;
	struct notice_store store;
	struct notice_book book;
	unsigned int looking; /* certificates that are being looked at */
	/* What is being shown; "": nothing. */
	char shown_id[NOTICE_ID_SIZE];
	enum notice_stage shown_stage;
};

static uint64_t now_seconds(void)
{
	return clock_microseconds(CLOCK_REALTIME) / USEC_PER_SEC;
}

/* --- words ------ */

static void write_summary(char summary[SUMMARY_SIZE], enum notice_stage stage, int days)
{
	if (stage == NOTICE_EXPIRED)
		snprintf(summary, SUMMARY_SIZE, "%s",
			 _("The certificate of a My Number Card has expired"));
	else if (stage == NOTICE_RENEWABLE)
		snprintf(summary, SUMMARY_SIZE, "%s",
			 _("The certificate of a My Number Card can be renewed"));
	else if (days == 0)
		snprintf(summary, SUMMARY_SIZE, "%s",
			 _("The certificate of a My Number Card expires today"));
	else if (days == 1)
		snprintf(summary, SUMMARY_SIZE, "%s",
			 _("The certificate of a My Number Card expires tomorrow"));
	else
		snprintf(summary, SUMMARY_SIZE,
			 _("The certificate of a My Number Card expires in %d days"), days);
}

static void write_body(char body[BODY_SIZE], const struct notice_entry *entry,
		       enum notice_stage stage)
{
	char day[CALENDAR_DAY_SIZE];
	int length;

	calendar_day(entry->dates.not_after, day);
	if (stage == NOTICE_EXPIRED)
		length = snprintf(body, BODY_SIZE,
				  _("The auth certificate (利用者証明用) was valid until %s; the "
				    "sign certificate (署名用) usually ends on the same day. Apply "
				    "for new ones at the municipal window."),
				  day);
	else
		length = snprintf(body, BODY_SIZE,
				  _("The auth certificate (利用者証明用) is valid until %s; the "
				    "sign certificate (署名用) usually ends on the same day. Renew "
				    "them at the municipal window."),
				  day);
	if (!entry->is_fresh && length < BODY_SIZE)
		snprintf(body + length, (size_t)(BODY_SIZE - length), "\n%s",
			 _("If you have done so already, put the card into the reader once."));
}

/* --- the ends of certificates ------ */

static void log_not_shown(const char *why)
{
	log_rarely(LOG_WARNING, NULL, _("A notice cannot be shown on the desktop: %s"), why);
}

static bool was_shown(DBusMessage *reply)
{
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
		log_not_shown(dbus_message_get_error_name(reply));
	return dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN;
}

/* What was not shown waits for the next occasion. */
static void on_shown(DBusMessage *reply, void *userdata)
{
	struct notices *notices = userdata;
	const bool shown = was_shown(reply);
	struct notice_entry *entry = notice_book_find(&notices->book, notices->shown_id);

	*notices->shown_id = '\0';
	if (!shown)
		return;
	if (entry) {
		entry->told = notices->shown_stage;
		entry->is_fresh = false;
	}
	notice_store_save(&notices->store, &notices->book);
	notices_catch_up(notices);
}

static void notices_show(struct notices *notices, const struct notice_entry *entry, uint64_t now)
{
	const enum notice_stage stage = notice_stage_at(&entry->dates, now);
	char summary[SUMMARY_SIZE], body[BODY_SIZE];
	const struct notification notification = {
		.icon = "x-office-calendar",
		.summary = summary,
		.body = body,
		.urgency = stage == NOTICE_DAY ? URGENCY_CRITICAL : URGENCY_NORMAL,
	};
	int r, days = 0;

	calendar_days_until(entry->dates.not_after, (time_t)now, &days);
	write_summary(summary, stage, days);
	write_body(body, entry, stage);
	r = notifications_show(notices->notifications, &notification, on_shown, notices);
	if (r < 0) {
		log_not_shown(strerror(-r));
		return;
	}
	snprintf(notices->shown_id, sizeof(notices->shown_id), "%s", entry->id);
	notices->shown_stage = stage;
}

/* The kernel's timer goes by the clock on the wall, whoever sets it and however long it slept. */
static void notices_arm(struct notices *notices, uint64_t now)
{
	const uint64_t next = notice_book_next(&notices->book, now);

	if (next == UINT64_MAX) {
		sd_event_source_set_enabled(notices->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(notices->timer, next * USEC_PER_SEC);
	sd_event_source_set_enabled(notices->timer, SD_EVENT_ONESHOT);
}

/* One after the other. */
void notices_catch_up(struct notices *notices)
{
	const uint64_t now = now_seconds();
	const struct notice_entry *entry;

	if (notices->looking > 0 || *notices->shown_id)
		return;
	notices_arm(notices, now);
	entry = notice_book_due(&notices->book, now);
	if (entry)
		notices_show(notices, entry, now);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	notices_catch_up(userdata);
	return 0;
}

static void on_ready(void *userdata)
{
	notices_catch_up(userdata);
}

/* --- certificates ------ */

/* What tells it from all others, and nothing else about it. */
static int certificate_id(const struct description *certificate, char id[NOTICE_ID_SIZE])
{
	CLEANUP(freep) char *name = format("%s\n%s", certificate->issuer, certificate->serial);
	unsigned char digest[NOTICE_ID_SIZE / 2];

	if (!name || !EVP_Digest(name, strlen(name), digest, NULL, EVP_sha256(), NULL))
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(id + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

static void notices_see(struct notices *notices, DBusMessage *reply)
{
	CLEANUP(description_clear) struct description certificate = DESCRIPTION_INIT;
	char id[NOTICE_ID_SIZE];
	struct notice_dates dates;
	const uint64_t now = now_seconds();
	int r = description_read(&certificate, reply);

	dates = (struct notice_dates){ certificate.not_after, certificate.renewable_from };
	if (r == 0 &&
	    (!certificate.issuer || !certificate.serial || !notice_dates_are_sane(&dates)))
		r = -EPROTO;
	if (r == 0)
		r = certificate_id(&certificate, id);
	if (r < 0) {
		log_warning(_("The end of a card's certificate is not known: %s"), strerror(-r));
		return;
	}
	notice_book_tidy(&notices->book, now);
	notice_book_see(&notices->book, id, &dates, now);
	notice_store_save(&notices->store, &notices->book);
}

/* An error: a phone's certificate takes a PIN, or the session is not the active one, or… */
static void on_described(DBusMessage *reply, void *userdata)
{
	struct notices *notices = userdata;
	struct refusal refusal;

	notices->looking--;
	if (service_accepts(reply, "a{sv}", &refusal))
		notices_see(notices, reply);
	else
		log_debug("A card's certificate is not shown: %s", refusal.words);
	notices_catch_up(notices);
}

void notices_look(struct notices *notices, struct cards *cards, const struct applet *applet)
{
	const struct request describe = {
		.path = applet->path,
		.interface = APPLET_INTERFACE,
		.member = "Describe",
		.signature = "a{sv}",
		.write = write_no_options,
		.is_unattended = true,
	};

	if (cards_call(cards, &describe, on_described, notices, NULL) == 0)
		notices->looking++;
}

/* --- a PIN ------ */

static void on_locked_shown(DBusMessage *reply, void *userdata)
{
	was_shown(reply);
}

void notices_tell_locked(struct notices *notices, const struct label *label, enum advice advice)
{
	char body[ADVICE_TEXT_SIZE];
	const struct notification notification = {
		.icon = "dialog-password",
		.summary = _(label->locked),
		.body = advice_text(advice, label, body),
		.urgency = URGENCY_NORMAL,
	};
	int r = notifications_show(notices->notifications, &notification, on_locked_shown, NULL);

	if (r < 0)
		log_not_shown(strerror(-r));
}

/* --- an object of its own ------ */

static void notices_freep(struct notices **notices)
{
	*notices = notices_free(*notices);
}

int notices_new(sd_event *event, struct notices **ret_notices)
{
	CLEANUP(notices_freep) struct notices *notices = calloc(1, sizeof(*notices));
	int r;

	if (!notices)
		return -ENOMEM;
	notice_store_open(&notices->store);
	notice_store_load(&notices->store, &notices->book);
	r = notifications_new(event, on_ready, notices, &notices->notifications);
	if (r == 0)
		r = sd_event_add_time(event, &notices->timer, CLOCK_REALTIME, UINT64_MAX,
				      ACCURACY_USEC, on_time, notices);
	if (r < 0)
		return r;
	*ret_notices = TAKE(notices);
	return 0;
}

struct notices *notices_free(struct notices *notices)
{
	if (!notices)
		return NULL;
	sd_event_source_disable_unref(notices->timer);
	notifications_free(notices->notifications);
	notice_store_close(&notices->store);
	free(notices);
	return NULL;
}
