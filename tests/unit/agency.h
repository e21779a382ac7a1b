/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Agents on a private bus: a service that asks for PINs (daemon/agents.h), and programs that can be asked. The time
 * that a person has is the test's.
 */
#pragma once

#include "base/cleanup.h"
#include "daemon/manager.h"
#include "daemon/options.h"
#include "tests/unit/count-fds.h"
#include "tests/unit/private-bus.h"

#define MANAGER "org.jpkid1.Manager"
#define TEST_INTERFACE "org.jpkid1.Test"
#define AGENT_PATH "/agent"
#define CARD "/org/jpkid1/card/7"
#define REFUSED(name) "org.jpkid1.Error." name

enum {
	AGENCY_TURNS_MAX = 2000,
};

/* A program that may have an agent, and what that was asked. */
struct program {
	DBusConnection *connection;
	DBusMessage *request; /* the last */
	unsigned int requests, cancels;
	uint64_t number, cancelled;
};

struct agency {
	sd_event *event;
	struct bus *bus;
	struct object_tree *tree;
	struct object *root;
	struct manager manager;
	struct program program, other;
	/* What the service heard. */
	struct agent_question *question;
	unsigned int answers;
	int result, fd;
	int asked_while_unknown;
};

extern bool agency_hurry; /* the time that a person has is over soon */
extern unsigned int agency_warnings; /* in the log */
extern const struct agent_details agency_details; /* of the auth PIN */

/* For cmocka: an agency is the *state. */
int agency_set_up(void **state);
int agency_tear_down(void **state);

void program_open(struct program *program, uid_t uid);
void program_clear(struct program *program);
void program_send(struct program *program, DBusMessage *message);

/* --- registration ------ */

/*
 * RegisterAgent of MANAGER, or RegisterAndAsk or RegisterAndEnd of TEST_INTERFACE, which do the same and, before the bus
 * has said who registers, ask or end. @write_options: NULL for none.
 */
DBusMessage *agency_new_registration(const struct agency *agency, const char *interface, const char *member,
				     const char *path, void (*write_options)(struct writer *options));

/* The option own-calls. */
void agency_own_calls(struct writer *options);

/* What is asked for is done, and that is all. Frees the reply. */
void assert_done(DBusMessage *reply);

DBusMessage *agency_try_to_register(struct agency *agency, DBusConnection *connection);
void agency_register(struct agency *agency, struct program *program);
void agency_register_for_own_calls(struct agency *agency, struct program *program);
void agency_register_at(struct agency *agency, struct program *program, const char *path);
DBusMessage *agency_unregister(struct agency *agency, struct program *program, const char *path);

/* --- questions ------ */

/* As agents_ask(); by default for a caller of our own uid that has no agent. */
int agency_ask_for(struct agency *agency, uid_t uid, DBusConnection *caller, const struct agent_details *details);
int agency_ask(struct agency *agency);
void agency_on_done(int result, int fd, void *agency);

/* Turns until all that was sent so far has been received. */
void agency_settle(struct agency *agency);

void agency_wait_for_request(struct agency *agency, struct program *program);

/* A question that the program now has. */
void agency_ask_program(struct agency *agency, struct program *program);
