/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One JPKI card from its insertion to its removal, and its two applets. Requests hold references:
 * the card is there for them, though gone from the bus, until the last of them has ended.
 */
#pragma once

#include "daemon/manager.h"
#include "daemon/session.h"

struct lease;
struct worker;

struct applet {
	struct card *card;
	struct object *object;
	enum jpki_applet kind;
	bool has_certificate;
	int tries; /* or JPKI_TRIES_UNKNOWN */

	/* By enum jpki_certificate; only those that need no PIN are kept. */
	struct job_bytes certificates[JPKI_CERTIFICATE_COUNT];
	struct public_key *key; /* of the holder's certificate; NULL: not seen yet */
	struct lease *leases;
};

struct card {
	unsigned int references;
	struct manager *manager;
	struct object *object;
	const char *reader_path;
	enum jpki_type type;
	bool has_reset_code;
	bool has_pin_pad;    /* the reader… */
	bool takes_new_pins; /* …at its pad */
	struct worker *worker; /* NULL: the card is gone */
	struct applet applets[JPKI_APPLET_COUNT];
};

/* Puts a card on the bus. @reader_path and @worker outlive card_remove(). */
int card_new(struct manager *manager, const char *reader_path,
	     const struct session_finding *finding, struct worker *worker, struct card **ret_card);

/* Takes it off the bus, and its leases end. Requests for it do not: see requests_cancel(). */
void card_remove(struct card *card);

void card_ref(struct card *card);
void card_unref(struct card *card);

/* Of types that this project knows, a PIN goes to no other. */
bool card_takes_pins(const struct card *card);

/* What a job has found out: tries, certificates. Properties follow, before any reply. */
void applet_learn(struct applet *applet, const struct job *job);

extern const struct interface *const card_interfaces[]; /* card-dbus.c */
extern const struct interface applet_interface; /* applet-dbus.c */
extern const struct interface *const applet_interfaces[];
