/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/control.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/card/bytes.h"

enum {
	WORD_MAX = 8,
	DELAY_MS_MAX = 600 * 1000,
	CONTROL_REPLY_MAX = CONTROL_LINE_MAX + sizeof("error \n"),
};

struct words {
	char *at[WORD_MAX];
	size_t count;
};

static bool parse_number(const char *word, int base, unsigned long max, unsigned *ret_number)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(word, &end, base);
	if (errno || end == word || *end || *word == '-' || number > max)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

static const char *run_pull(struct field *field, const struct words *words, char *value)
{
	field_pull(field);
	return NULL;
}

static const char *run_insert(struct field *field, const struct words *words, char *value)
{
	field_insert(field);
	return NULL;
}

static const char *run_delay(struct field *field, const struct words *words, char *value)
{
	if (!parse_number(words->at[1], 10, DELAY_MS_MAX, &field->delay_ms))
		return "no such delay";
	return NULL;
}

static const char *run_hang(struct field *field, const struct words *words, char *value)
{
	field->hanging = true;
	return NULL;
}

static const char *run_mute(struct field *field, const struct words *words, char *value)
{
	field->mute = true;
	return NULL;
}

static const char *run_resume(struct field *field, const struct words *words, char *value)
{
	field_resume(field);
	return NULL;
}

/* Reads ACTION and counts its words on in *i. */
static bool parse_action(const struct words *words, size_t *i, struct fault *fault)
{
	static const struct {
		const char *name;
		enum fault_action action;
	} actions[] = {
		{"pull", FAULT_PULL},
		{"power-loss", FAULT_POWER_LOSS},
		{"hang", FAULT_HANG},
		{"sw", FAULT_SW},
	};
	const char *name = words->at[(*i)++];
	unsigned sw;

	for (size_t n = 0; n < ARRAY_LEN(actions); n++) {
		if (strcmp(actions[n].name, name) != 0)
			continue;
		fault->action = actions[n].action;
		if (fault->action != FAULT_SW)
			return fault->action != FAULT_HANG || !fault->after;
		if (*i == words->count || !parse_number(words->at[(*i)++], 16, 0xffff, &sw))
			return false;
		fault->sw = (uint16_t)sw;
		return sw != 0;
	}
	return false;
}

static const char *run_fault(struct field *field, const struct words *words, char *value)
{
	struct fault fault = {.after = strcmp(words->at[0], "after") == 0};
	unsigned ins;
	size_t i = 2;

	if (!parse_number(words->at[1], 16, 0xff, &ins))
		return "no such INS";
	if (!parse_action(words, &i, &fault))
		return "no such action";
	if (i < words->count) {
		if (i + 2 != words->count || strcmp(words->at[i], "skip") != 0 ||
		    !parse_number(words->at[i + 1], 10, UINT_MAX, &fault.skip))
			return "only skip N may follow";
	}
	fault.ins = (uint8_t)ins;
	return faults_add(&field->faults, &fault) < 0 ? "too many faults wait" : NULL;
}

static const char *run_tries(struct field *field, const struct words *words, char *value)
{
	const struct pins *pins = field->card->pins;

	snprintf(value, CONTROL_LINE_MAX, "auth %u sign %u reset %u", pins->of[PURPOSE_AUTH].tries,
		 pins->of[PURPOSE_SIGN].tries, pins->reset_tries);
	return NULL;
}

static const char *run_set(struct field *field, const struct words *words, char *value)
{
	static const char *const names[PURPOSE_COUNT] = {
		[PURPOSE_AUTH] = "auth",
		[PURPOSE_SIGN] = "sign",
	};
	const uint8_t *pin = (const uint8_t *)words->at[2];

	for (int purpose = 0; purpose < PURPOSE_COUNT; purpose++) {
		if (strcmp(names[purpose], words->at[1]) != 0)
			continue;
		return pins_change(field->card->pins, (enum purpose)purpose, pin,
				   strlen(words->at[2])) == PINS_OK ? NULL : "no such PIN";
	}
	return "no such applet";
}

static const char *run_verified(struct field *field, const struct words *words, char *value)
{
	const struct pins *pins = field->card->pins;

	snprintf(value, CONTROL_LINE_MAX, "auth %s sign %s",
		 pins->of[PURPOSE_AUTH].verified ? "yes" : "no",
		 pins->of[PURPOSE_SIGN].verified ? "yes" : "no");
	return NULL;
}

static const char *run_count(struct field *field, const struct words *words, char *value)
{
	snprintf(value, CONTROL_LINE_MAX, "%lu", field->count);
	return NULL;
}

static const char *run_clear_count(struct field *field, const struct words *words, char *value)
{
	field->count = 0;
	return NULL;
}

/* Each returns NULL and perhaps a value, or the reason why not. */
static const struct verb {
	const char *name;
	size_t words_min, words_max;	/* with the verb itself */
	const char *(*run)(struct field *field, const struct words *words, char *value);
} verbs[] = {
	{"pull", 1, 1, run_pull},
	{"insert", 1, 1, run_insert},
	{"delay", 2, 2, run_delay},
	{"hang", 1, 1, run_hang},
	{"mute", 1, 1, run_mute},
	{"resume", 1, 1, run_resume},
	{"at", 3, 6, run_fault},
	{"after", 3, 6, run_fault},
	{"tries", 1, 1, run_tries},
	{"set", 3, 3, run_set},
	{"verified", 1, 1, run_verified},
	{"count", 1, 1, run_count},
	{"clear-count", 1, 1, run_clear_count},
};

static const char *run_words(struct field *field, const struct words *words, char *value)
{
	for (size_t i = 0; words->count && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, words->at[0]) != 0)
			continue;
		if (words->count < verbs[i].words_min || words->count > verbs[i].words_max)
			return "wrong number of words";
		return verbs[i].run(field, words, value);
	}
	return "no such command";
}

static void run_line(struct field *field, char *line, char reply[CONTROL_REPLY_MAX])
{
	static const char blanks[] = " \t\r";
	char value[CONTROL_LINE_MAX] = "ok", *rest = NULL;
	struct words words = {0};
	const char *reason;

	for (char *word = strtok_r(line, blanks, &rest); word && words.count < WORD_MAX;
	     word = strtok_r(NULL, blanks, &rest))
		words.at[words.count++] = word;
	reason = run_words(field, &words, value);
	if (reason)
		snprintf(reply, CONTROL_REPLY_MAX, "error %s\n", reason);
	else
		snprintf(reply, CONTROL_REPLY_MAX, "%s\n", value);
}

int control_open(struct control *control, const char *path, struct field *field)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*control = (struct control){.field = field, .path = path, .fd = -1};
	for (size_t i = 0; i < CONTROL_CLIENT_MAX; i++)
		control->clients[i].fd = -1;
	if (!path)
		return 0;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;

	memcpy(address.sun_path, path, strlen(path) + 1);
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (control->fd < 0)
		return -errno;
	unlink(path);
	if (bind(control->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(control->fd, CONTROL_CLIENT_MAX) < 0) {
		int r = -errno;

		bytes_close_fd(&control->fd);
		return r;
	}
	return 0;
}

void control_close(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENT_MAX; i++)
		bytes_close_fd(&control->clients[i].fd);
	if (control->fd >= 0)
		unlink(control->path);
	bytes_close_fd(&control->fd);
}

void control_poll(const struct control *control, struct pollfd fds[CONTROL_FD_MAX])
{
	bool full = true;

	for (size_t i = 0; i < CONTROL_CLIENT_MAX; i++) {
		full = full && control->clients[i].fd >= 0;
		fds[1 + i] = (struct pollfd){.fd = control->clients[i].fd, .events = POLLIN};
	}
	fds[0] = (struct pollfd){.fd = full ? -1 : control->fd, .events = POLLIN};
}

static void client_accept(struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < CONTROL_CLIENT_MAX; i++) {
		if (control->clients[i].fd < 0) {
			control->clients[i] = (struct control_client){.fd = fd};
			return;
		}
	}
	bytes_close_fd(&fd);
}

/* Runs the whole lines that have come. False when the client is to be dropped. */
static bool client_lines(struct control_client *client, struct field *field)
{
	char reply[CONTROL_REPLY_MAX], *end;

	while ((end = memchr(client->line, '\n', client->len))) {
		size_t len = (size_t)(end - client->line) + 1;

		*end = '\0';
		run_line(field, client->line, reply);
		client->len -= len;
		memmove(client->line, end + 1, client->len);
		if (send(client->fd, reply, strlen(reply), MSG_NOSIGNAL) != (ssize_t)strlen(reply))
			return false;
	}
	return client->len < sizeof(client->line);
}

static void client_serve(struct control_client *client, struct field *field)
{
	size_t room = sizeof(client->line) - client->len;
	ssize_t n = recv(client->fd, client->line + client->len, room, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		client->len += (size_t)n;
		if (client_lines(client, field))
			return;
	}
	bytes_close_fd(&client->fd);
}

void control_run(struct control *control, const struct pollfd fds[CONTROL_FD_MAX])
{
	for (size_t i = 0; i < CONTROL_CLIENT_MAX; i++) {
		if (fds[1 + i].fd >= 0 && fds[1 + i].revents)
			client_serve(&control->clients[i], control->field);
	}
	if (fds[0].fd >= 0 && fds[0].revents)
		client_accept(control);
}
