/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/card.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/lease.h"

static int applet_init(struct applet *applet, struct card *card, enum jpki_applet kind,
		       const struct session_finding *finding, const char *card_path)
{
	char path[64];

	applet->card = card;
	applet->kind = kind;
	applet->has_certificate = finding->token.has_certificate[kind];
	applet->tries = finding->tries[kind];
	snprintf(path, sizeof(path), "%s/%s", card_path, jpki_applet_name(kind));
	return object_add(card->manager->tree, path, applet_interfaces, applet, &applet->object);
}

int card_new(struct manager *manager, const char *reader_path,
	     const struct session_finding *finding, struct worker *worker, struct card **ret_card)
{
	struct card *card = calloc(1, sizeof(*card));
	char path[48];
	int r;

	if (!card)
		return -ENOMEM;
	card->references = 1;
	card->manager = manager;
	card->reader_path = reader_path;
	card->type = finding->token.type;
	card->has_reset_code = finding->token.has_reset_code;
	card->has_pin_pad = finding->has_pin_pad;
	card->takes_new_pins = finding->takes_new_pins;
	card->worker = worker;

	snprintf(path, sizeof(path), "/org/jpkid1/card/%" PRIu64, manager->next_card++);
	r = object_add(manager->tree, path, card_interfaces, card, &card->object);
	for (int kind = 0; r >= 0 && kind < JPKI_APPLET_COUNT; kind++)
		r = applet_init(&card->applets[kind], card, (enum jpki_applet)kind, finding, path);
	if (r < 0) {
		card_remove(card);
		card_unref(card);
		return r;
	}
	*ret_card = card;
	return 0;
}

void card_remove(struct card *card)
{
	for (int kind = 0; kind < JPKI_APPLET_COUNT; kind++) {
		leases_end(&card->applets[kind]);
		card->applets[kind].object = object_remove(card->applets[kind].object);
	}
	card->object = object_remove(card->object);
	card->worker = NULL;
}

void card_ref(struct card *card)
{
	card->references++;
}

static void applet_clear(struct applet *applet)
{
	for (int which = 0; which < JPKI_CERTIFICATE_COUNT; which++)
		free(applet->certificates[which].bytes);
	public_key_free(applet->key);
}

void card_unref(struct card *card)
{
	if (--card->references > 0)
		return;
	for (int kind = 0; kind < JPKI_APPLET_COUNT; kind++)
		applet_clear(&card->applets[kind]);
	free(card);
}

bool card_takes_pins(const struct card *card)
{
	switch (card->type) {
	case JPKI_TYPE_MYNUMBER_CARD:
	case JPKI_TYPE_ANDROID_PHONE:
	case JPKI_TYPE_IPHONE:
		return true;
	case JPKI_TYPE_JUKI_CARD:
	case JPKI_TYPE_UNKNOWN:
		return false;
	}
	return false;
}

static void applet_set_tries(struct applet *applet, int tries)
{
	static const char *const names[] = { "TriesLeft", "Locked", NULL };

	if (applet->tries == tries)
		return;
	applet->tries = tries;
	if (applet->object)
		object_changed(applet->object, &applet_interface, names);
}

static void applet_learn_certificate(struct applet *applet, enum jpki_certificate which,
				     const struct job_bytes *certificate)
{
	struct job_bytes *kept = &applet->certificates[which];

	if (which == JPKI_HOLDER_CERTIFICATE && !applet->key) {
		int answer = public_key_from_certificate(certificate->bytes, certificate->length,
							 &applet->key);

		if (answer != 0)
			log_warning("%s: the key in the certificate cannot be used",
				    jpki_applet_name(applet->kind));
	}
	if (kept->bytes || jpki_certificate_needs_pin(applet->card->type, applet->kind, which))
		return;
	kept->bytes = malloc(certificate->length);
	if (!kept->bytes)
		return; /* read anew the next time */
	memcpy(kept->bytes, certificate->bytes, certificate->length);
	kept->length = certificate->length;
}

/* The card announced one that it does not have. */
static void applet_lose_certificate(struct applet *applet)
{
	static const char *const names[] = { "HasCertificate", NULL };

	if (!applet->has_certificate)
		return;
	applet->has_certificate = false;
	if (applet->object)
		object_changed(applet->object, &applet_interface, names);
}

void applet_learn(struct applet *applet, const struct job *job)
{
	if (job->has_tries)
		applet_set_tries(applet, job->tries);
	else if (job->may_be_open)
		applet_set_tries(applet, JPKI_TRIES_UNKNOWN);
	if (job->result == ANSWER_NO_CERTIFICATE && job->which == JPKI_HOLDER_CERTIFICATE)
		applet_lose_certificate(applet);
	if (job->result == 0 && job->certificate.bytes)
		applet_learn_certificate(applet, job->which, &job->certificate);
}
