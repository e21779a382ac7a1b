/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/ledger.h"
#include "daemon/reader.h"
#include "daemon/request.h"
#include "daemon/watcher.h"
#include "systemd/notify.h"

static const char root[] = "/org/jpkid1";

void manager_reader_settled(struct manager *manager)
{
	void (*settled)(void *) = manager->settled;

	if (!settled || !manager->readers_known)
		return;
	for (size_t i = 0; i < manager->reader_count; i++)
		if (!manager->readers[i]->settled)
			return;
	manager->settled = NULL;
	settled(manager->userdata);
}

void manager_changed(const struct manager *manager)
{
	size_t cards = 0;

	for (size_t i = 0; i < manager->reader_count; i++)
		cards += manager->readers[i]->card != NULL;
	notify_status("%s, readers: %zu, JPKI cards: %zu",
		      manager->pcsc_available ? "pcscd is there" : "pcscd is not there",
		      manager->reader_count, cards);
}

static void log_refusal(void)
{
	static const struct log_fields fields = { .event = EVENT_PCSC_REFUSED };

	log_event(LOG_ERR, &fields,
		  "pcscd refuses this service: polkit must allow the user jpkid "
		  "org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card, as "
		  "/usr/share/polkit-1/rules.d/60-jpkid.rules does.");
}

/* pcscd itself, or access to a card. */
static bool is_refused(const struct manager *manager)
{
	if (manager->pcsc_answer != 0)
		return manager->pcsc_answer == ANSWER_NOT_AUTHORIZED;
	for (size_t i = 0; i < manager->reader_count; i++)
		if (manager->readers[i]->refused)
			return true;
	return false;
}

/* PcscState comes last, with or without PcscAvailable. */
void manager_follow_pcsc(struct manager *manager)
{
	static const char *const names[] = { "PcscAvailable", "PcscState", NULL };
	const bool available = manager->pcsc_answer == 0;
	const bool availability = manager->pcsc_available != available;
	const bool refused = is_refused(manager);

	if (!availability && manager->refused == refused)
		return;
	if (refused && !manager->refused)
		log_refusal();
	manager->pcsc_available = available;
	manager->refused = refused;
	object_changed(manager->object, &manager_interface, availability ? names : names + 1);
}

/* It is there, and not to be ignored. */
static bool is_to_be_used(const struct manager *manager, const char *name)
{
	for (size_t i = 0; i < manager->seen.count; i++)
		if (strcmp(manager->seen.reader[i].name, name) == 0)
			return config_uses_reader(manager->config, name);
	return false;
}

static struct reader *find_reader(const struct manager *manager, const char *name)
{
	for (size_t i = 0; i < manager->reader_count; i++)
		if (strcmp(manager->readers[i]->name, name) == 0)
			return manager->readers[i];
	return NULL;
}

/* The reader leaves the list before it goes: what its end sets off looks at the list. */
static void remove_reader(struct manager *manager, size_t index, int answer)
{
	struct reader *reader = manager->readers[index];

	manager->reader_count--;
	memmove(&manager->readers[index], &manager->readers[index + 1],
		(manager->reader_count - index) * sizeof(struct reader *));
	reader_free(reader, answer);
}

static void remove_unused_readers(struct manager *manager, int answer)
{
	for (size_t i = manager->reader_count; i-- > 0;)
		if (!is_to_be_used(manager, manager->readers[i]->name))
			remove_reader(manager, i, answer);
}

static void add_reader(struct manager *manager, const struct pcsc_reader *seen)
{
	struct reader *reader = NULL;
	int r = reader_new(manager, seen, &reader);

	if (r < 0)
		log_error("A reader cannot be shown on the bus: %s", strerror(-r));
	else
		manager->readers[manager->reader_count++] = reader;
}

static void log_absence(void)
{
	static const struct log_fields fields = { .event = EVENT_PCSC_GONE };

	log_event(LOG_WARNING, &fields,
		  "pcscd is not there; waiting for it (systemctl start pcscd.socket)");
}

/* The watcher's last word becomes what is on the bus, but for what is to be ignored. */
static void update_readers(struct manager *manager)
{
	remove_unused_readers(manager, manager->pcsc_answer != 0 ? ANSWER_PCSC_UNAVAILABLE :
								   ANSWER_CARD_REMOVED);
	for (size_t i = 0; i < manager->seen.count; i++) {
		const struct pcsc_reader *seen = &manager->seen.reader[i];
		struct reader *reader = find_reader(manager, seen->name);

		if (reader)
			reader_update(reader, seen);
		else if (config_uses_reader(manager->config, seen->name))
			add_reader(manager, seen);
	}
	manager_follow_pcsc(manager);
	manager_changed(manager);
	/* Not before all are there: the first of them may be known at once. */
	manager->readers_known = true;
	manager_reader_settled(manager);
}

static void on_readers(int answer, const struct pcsc_readers *seen, void *userdata)
{
	struct manager *manager = userdata;

	if (manager->stopping)
		return;
	if (answer == ANSWER_PCSC_UNAVAILABLE)
		log_absence();
	manager->pcsc_answer = answer;
	manager_follow_pcsc(manager);
	manager->seen = *seen;
	update_readers(manager);
}

static void take_all_anew(struct manager *manager)
{
	requests_cancel(manager, NULL, ANSWER_CANCELLED);
	for (size_t i = 0; i < manager->reader_count; i++)
		reader_take_anew(manager->readers[i]);
}

void manager_follow_config(struct manager *manager, const struct config *before)
{
	static const char *const reserve[] = { "Reserve", NULL };

	if (manager->config->rules.reserve != before->rules.reserve)
		object_changed(manager->object, &manager_interface, reserve);
	if (manager->config->exclusive != before->exclusive)
		take_all_anew(manager);
	if (manager->readers_known)
		update_readers(manager);
}

static void manager_freep(struct manager **manager)
{
	*manager = manager_free(*manager);
}

int manager_new(const struct config *config, sd_event *event, struct bus *bus,
		void (*settled)(void *userdata), void *userdata, struct manager **ret_manager)
{
	CLEANUP(manager_freep) struct manager *manager = calloc(1, sizeof(*manager));
	int r;

	if (!manager)
		return -ENOMEM;
	manager->config = config;
	manager->event = event;
	manager->bus = bus;
	manager->ledger = ledger_open_directory();
	manager->settled = settled;
	manager->userdata = userdata;

	r = mailbox_new(event, &manager->mailbox);
	if (r >= 0)
		r = object_tree_new(bus, root, &manager->tree);
	if (r >= 0)
		r = agents_new(event, bus, &manager->agents);
	if (r >= 0)
		r = object_add(manager->tree, root, manager_interfaces, manager, &manager->object);
	if (r >= 0)
		r = object_add(manager->tree, "/org/freedesktop/LogControl1",
			       log_control_interfaces, manager, &manager->log_control);
	if (r >= 0)
		r = watcher_start(manager->mailbox, on_readers, manager);
	if (r < 0)
		return r;
	manager_changed(manager);
	*ret_manager = TAKE(manager);
	return 0;
}

void manager_sleep(struct manager *manager)
{
	manager->asleep = true;
	take_all_anew(manager);
}

void manager_wake(struct manager *manager)
{
	manager->asleep = false;
	take_all_anew(manager);
}

void manager_stop(struct manager *manager)
{
	manager->stopping = true;
	manager->settled = NULL;
	requests_cancel(manager, NULL, ANSWER_CANCELLED);
	while (manager->reader_count > 0)
		remove_reader(manager, manager->reader_count - 1, ANSWER_CANCELLED);
}

struct manager *manager_free(struct manager *manager)
{
	if (!manager)
		return NULL;
	manager_stop(manager);
	agents_free(manager->agents);
	object_remove(manager->log_control);
	object_remove(manager->object);
	object_tree_free(manager->tree);
	free(manager);
	return NULL;
}
