/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What most commands begin with: the service, what it shows, and the card that is meant. */
#pragma once

#include "client/inventory.h"
#include "client/jpkictl/command.h"

struct session {
	const struct arguments *arguments;
	DBusConnection *service;
	struct inventory inventory;
};
#define SESSION_INIT ((struct session){ 0 })

/* Connects and looks. 0 or an enum failure; in each case session_close() ends it. */
int session_open(struct session *session, const struct arguments *arguments);
void session_close(struct session *session);

/* Whether the arguments leave this reader in play. */
bool session_means_reader(const struct session *session, const struct reader *reader);

/* The one of those whose card is nearest to being of use. NULL: no reader is meant. */
const struct reader *session_nearest_reader(const struct session *session);

/* Whether the arguments leave a usable card. */
bool session_has_card(const struct session *session);

/*
 * The one usable card that the arguments leave. 0, or an enum failure: none, and what to do about
 * it; or several, and which.
 */
int session_choose_card(const struct session *session, const struct card **ret_card);

/* 0, or the failure that session_choose_card() would say if there is no usable card at all. */
int session_expect_card(const struct session *session);

/* The applet that the arguments name, of the card that they mean. 0 or an enum failure. */
int session_choose_applet(struct session *session, const struct reader **ret_reader,
			  struct applet **ret_applet);
