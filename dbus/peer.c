/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/peer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum {
	/* The bus allows 512 match rules; peers that nobody watches make room for new ones. */
	PEERS_MAX = 256,
};

struct peer {
	struct peers *peers;
	char *name;
	struct bus_match *match;   /* reports its leaving */
	struct bus_pending *query; /* for its credentials */
	bool known;
	bool telling; /* those who watch are being told: not to be freed now */
	uid_t uid;    /* this and the next: valid if known */
	pid_t pid;    /* 0: the bus does not say */
	LIST_HEAD(, peer_watch) watches;
	TAILQ_ENTRY(peer) link;
};

struct peers {
	struct bus *bus;
	size_t count;
	TAILQ_HEAD(, peer) list; /* oldest first */
};

static struct peer *peer_free(struct peer *peer)
{
	if (!peer)
		return NULL;
	bus_match_remove(peer->match);
	bus_call_cancel(peer->query);
	free(peer->name);
	free(peer);
	return NULL;
}

static void peer_freep(struct peer **peer)
{
	*peer = peer_free(*peer);
}

static void peer_remove(struct peer *peer)
{
	struct peers *peers = peer->peers;

	peer->match = bus_match_remove(peer->match);
	TAILQ_REMOVE(&peers->list, peer, link);
	peers->count--;
}

static void peer_leave(struct peer *peer)
{
	struct peer_watch *watch;

	peer_remove(peer);
	while ((watch = LIST_FIRST(&peer->watches))) {
		peer_watch_stop(watch);
		watch->gone(watch);
	}
	peer_free(peer);
}

static struct peer_watch *peer_next_to_tell(struct peer *peer)
{
	struct peer_watch *watch;

	LIST_FOREACH(watch, &peer->watches, link)
		if (watch->known)
			return watch;
	return NULL;
}

/* Whether the a{sv} at @iter has a u of this name. */
static bool credentials_find(DBusMessageIter *iter, const char *name, dbus_uint32_t *ret_value)
{
	DBusMessageIter credentials, entry, value;
	const char *key;

	dbus_message_iter_recurse(iter, &credentials);
	for (; dbus_message_iter_get_arg_type(&credentials) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&credentials)) {
		dbus_message_iter_recurse(&credentials, &entry);
		dbus_message_iter_get_basic(&entry, &key);
		if (strcmp(key, name) != 0)
			continue;
		dbus_message_iter_next(&entry);
		dbus_message_iter_recurse(&entry, &value);
		if (dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_UINT32)
			return false;
		dbus_message_iter_get_basic(&value, ret_value);
		return true;
	}
	return false;
}

/* Whether @reply says who runs the peer. */
static bool peer_learn(struct peer *peer, DBusMessage *reply)
{
	dbus_uint32_t uid, pid;
	DBusMessageIter iter;

	if (dbus_message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN ||
	    !dbus_message_has_signature(reply, "a{sv}"))
		return false;
	dbus_message_iter_init(reply, &iter);
	if (!credentials_find(&iter, "UnixUserID", &uid))
		return false;
	peer->uid = uid;
	if (credentials_find(&iter, "ProcessID", &pid) && pid <= INT_MAX)
		peer->pid = (pid_t)pid;
	return peer->known = true;
}

/* An error is the bus's word that nobody has this name any more. */
static void on_credentials(DBusMessage *reply, void *userdata)
{
	struct peer *peer = userdata;
	struct peer_watch *watch;

	peer->query = NULL;
	if (!peer_learn(peer, reply)) {
		peer_leave(peer);
		return;
	}

	peer->telling = true;
	while ((watch = peer_next_to_tell(peer))) {
		void (*known)(struct peer_watch *watch, uid_t uid) = watch->known;

		watch->known = NULL;
		known(watch, peer->uid);
	}
	peer->telling = false;
}

static void on_owner_change(DBusMessage *signal, void *userdata)
{
	if (*bus_new_owner(signal) == '\0')
		peer_leave(userdata);
}

static int peer_query(struct peer *peer)
{
	CLEANUP(message_unrefp) DBusMessage *message = NULL;
	struct bus *bus = peer->peers->bus;
	struct writer writer;
	int r;

	message = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
					       DBUS_INTERFACE_DBUS, "GetConnectionCredentials");
	if (!message)
		return -ENOMEM;
	writer_begin(&writer, message);
	writer_string(&writer, peer->name);
	r = writer_finish(&writer);
	if (r < 0)
		return r;
	return bus_call(bus, message, on_credentials, peer, &peer->query);
}

static void peers_make_room(struct peers *peers)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &peers->list, link) {
		if (LIST_EMPTY(&peer->watches) && !peer->telling) {
			peer_remove(peer);
			peer_free(peer);
			return;
		}
	}
}

static int peer_new(struct peers *peers, const char *name, struct peer **ret_peer)
{
	CLEANUP(peer_freep) struct peer *peer = calloc(1, sizeof(*peer));
	struct bus_signal leaving;
	int r;

	if (!peer)
		return -ENOMEM;
	peer->peers = peers;
	peer->name = strdup(name);
	if (!peer->name)
		return -ENOMEM;
	if (peers->count >= PEERS_MAX)
		peers_make_room(peers);
	/* Asked after the match is in place, so that no leaving can be missed. */
	leaving = bus_owner_change(peer->name);
	r = bus_match_add(peers->bus, &leaving, on_owner_change, peer, &peer->match);
	if (r == 0)
		r = peer_query(peer);
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&peers->list, peer, link);
	peers->count++;
	*ret_peer = TAKE(peer);
	return 0;
}

static struct peer *peers_find(struct peers *peers, const char *name)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &peers->list, link)
		if (strcmp(peer->name, name) == 0)
			return peer;
	return NULL;
}

int peers_new(struct bus *bus, struct peers **ret_peers)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (!peers)
		return -ENOMEM;
	peers->bus = bus;
	TAILQ_INIT(&peers->list);
	*ret_peers = peers;
	return 0;
}

struct peers *peers_free(struct peers *peers)
{
	if (!peers)
		return NULL;
	while (!TAILQ_EMPTY(&peers->list))
		peer_leave(TAILQ_FIRST(&peers->list));
	free(peers);
	return NULL;
}

int peer_watch_start(struct peers *peers, const char *name, struct peer_watch *watch)
{
	struct peer *peer = peers_find(peers, name);

	if (!peer) {
		const int r = peer_new(peers, name, &peer);

		if (r < 0)
			return r;
	}
	watch->peer = peer;
	LIST_INSERT_HEAD(&peer->watches, watch, link);
	return 0;
}

void peer_watch_stop(struct peer_watch *watch)
{
	if (!watch->peer)
		return;
	LIST_REMOVE(watch, link);
	watch->peer = NULL;
}

bool peer_watch_uid(const struct peer_watch *watch, uid_t *ret_uid)
{
	if (!watch->peer || !watch->peer->known)
		return false;
	*ret_uid = watch->peer->uid;
	return true;
}

pid_t peer_watch_pid(const struct peer_watch *watch)
{
	return watch->peer && watch->peer->known ? watch->peer->pid : 0;
}
