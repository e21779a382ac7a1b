/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/pinentry.h"

#include <assuan.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "client/language.h"

struct pinentry {
	assuan_context_t context;
};

/* --- libassuan's memory ------ */

/* What libassuan reads into is part of its context: all that it allocates is locked and wiped. */
struct block {
	alignas(max_align_t) struct secret *secret;
	size_t size;
	alignas(max_align_t) uint8_t bytes[];
};

static void *block_new(size_t size)
{
	struct secret *secret = secret_new(sizeof(struct block) + alignof(struct block) + size);
	struct block *block;

	if (!secret)
		return NULL;
	block = (struct block *)(((uintptr_t)secret->bytes + alignof(struct block) - 1) &
				 ~(uintptr_t)(alignof(struct block) - 1));
	block->secret = secret;
	block->size = size;
	return block->bytes;
}

static struct block *block_of(void *bytes)
{
	return (struct block *)(void *)((uint8_t *)bytes - offsetof(struct block, bytes));
}

static void block_free(void *bytes)
{
	if (bytes)
		secret_free(block_of(bytes)->secret);
}

static void *block_resize(void *bytes, size_t size)
{
	void *resized = block_new(size);
	size_t kept;

	if (!resized || !bytes)
		return resized;
	kept = block_of(bytes)->size;
	memcpy(resized, bytes, kept < size ? kept : size);
	block_free(bytes);
	return resized;
}

/* --- the program ------ */

/* In the program's process, before it is executed: it goes with this one. */
static void on_fork(void *userdata, int reserved)
{
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* As execvp() would find it, which libassuan does not use. False: it is not there. */
static bool program_find(const char *program, char path[PATH_MAX])
{
	const char *folder = getenv("PATH"), *end;

	if (strchr(program, '/'))
		return snprintf(path, PATH_MAX, "%s", program) < PATH_MAX &&
		       access(path, X_OK) == 0;
	for (folder = folder ? folder : "/usr/bin:/bin"; folder; folder = *end ? end + 1 : NULL) {
		int length;

		end = strchrnul(folder, ':');
		length = snprintf(path, PATH_MAX, "%.*s/%s", (int)(end - folder), folder, program);
		/* Relative ones depend on where one happens to be. */
		if (*folder == '/' && length < PATH_MAX && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static int fail(const char *what, gpg_error_t error)
{
	log_error("pinentry: %s: %s", what, gpg_strerror(error));
	return -EIO;
}

static int program_start(struct pinentry *pinentry, const char *path)
{
	static struct assuan_malloc_hooks hooks = { block_new, block_resize, block_free };
	const char *const name = strrchr(path, '/') + 1;
	const char *arguments[] = { name, NULL };
	assuan_fd_t kept[] = { STDERR_FILENO, ASSUAN_INVALID_FD };
	/* Nothing to log with: the environment can tell libassuan to log what passes. */
	gpg_error_t error =
		assuan_new_ext(&pinentry->context, GPG_ERR_SOURCE_DEFAULT, &hooks, NULL, NULL);

	if (error)
		return -ENOMEM;
	assuan_begin_confidential(pinentry->context);
	/* Who started this process ends what is left of it. */
	assuan_set_flag(pinentry->context, ASSUAN_NO_WAITPID, 1);
	error = assuan_pipe_connect(pinentry->context, path, arguments, kept, on_fork, NULL, 0);
	return error ? fail(path, error) : 0;
}

/* --- commands ------ */

static gpg_error_t run(struct pinentry *pinentry, const char *line)
{
	return assuan_transact(pinentry->context, line, NULL, NULL, NULL, NULL, NULL, NULL);
}

/* Appends @text, escaped, as far as whole characters fit into ASSUAN_LINELENGTH with a CR, LF. */
static void append_escaped(char line[ASSUAN_LINELENGTH], const char *text)
{
	size_t used = strlen(line), length;

	for (; *text; text += length) {
		const bool escape = *text == '%' || *text == '\r' || *text == '\n';
		size_t size;

		length = utf8_length(text);
		size = escape ? strlen("%25") : length;
		if (used + size + strlen("\r\n") >= ASSUAN_LINELENGTH)
			return;
		if (escape)
			snprintf(line + used, ASSUAN_LINELENGTH - used, "%%%02X",
				 (unsigned int)(unsigned char)*text);
		else
			memcpy(line + used, text, size);
		used += size;
		line[used] = '\0';
	}
}

static gpg_error_t set(struct pinentry *pinentry, const char *command, const char *text)
{
	char line[ASSUAN_LINELENGTH];

	snprintf(line, sizeof(line), "%s ", command);
	append_escaped(line, text);
	return run(pinentry, line);
}

/* The value of the first of @variables that has one. */
static const char *environment(const char *const variables[])
{
	for (; *variables; variables++) {
		const char *value = getenv(*variables);

		if (value && *value)
			return value;
	}
	return NULL;
}

/* Where and how to show; a program that does not know one of these shall do without. */
static void set_options(struct pinentry *pinentry)
{
	static const struct {
		const char *option;
		const char *variables[4];
	} rows[] = {
		{ "OPTION ttyname=", { "GPG_TTY" } },
		{ "OPTION ttytype=", { "TERM" } },
		{ "OPTION lc-ctype=", { "LC_ALL", "LC_CTYPE", "LANG" } },
		{ "OPTION lc-messages=", { "LC_ALL", "LC_MESSAGES", "LANG" } },
		{ "OPTION display=", { "DISPLAY" } },
	};

	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		const char *value = environment(rows[i].variables);
		char line[ASSUAN_LINELENGTH];

		if (!value)
			continue;
		snprintf(line, sizeof(line), "%s", rows[i].option);
		append_escaped(line, value);
		run(pinentry, line);
	}
}

static gpg_error_t set_dialog(struct pinentry *pinentry, const struct dialog *dialog)
{
	const struct {
		const char *command, *text;
	} rows[] = {
		{ "SETTITLE", dialog->title },	  { "SETDESC", dialog->description },
		{ "SETPROMPT", dialog->prompt },  { "SETERROR", dialog->error },
		{ "SETOK", dialog->ok },	  { "SETCANCEL", dialog->cancel },
	};
	char seconds[sizeof("SETTIMEOUT 4294967295")];
	gpg_error_t error = 0;

	for (size_t i = 0; i < LENGTH_OF(rows) && !error; i++)
		if (rows[i].text)
			error = set(pinentry, rows[i].command, rows[i].text);
	snprintf(seconds, sizeof(seconds), "SETTIMEOUT %u", dialog->timeout);
	return error ? error : run(pinentry, seconds);
}

static int judge(gpg_error_t error)
{
	static const gpg_err_code_t refusals[] = { GPG_ERR_CANCELED, GPG_ERR_FULLY_CANCELED,
						   GPG_ERR_NOT_CONFIRMED, GPG_ERR_TIMEOUT };

	if (!error)
		return 0;
	for (size_t i = 0; i < LENGTH_OF(refusals); i++)
		if (gpg_err_code(error) == refusals[i])
			return ANSWER_DISMISSED;
	return fail(_("the dialog failed"), error);
}

/* --- the dialog ------ */

void pinentry_closep(struct pinentry **pinentry)
{
	if (!*pinentry)
		return;
	assuan_release((*pinentry)->context);
	free(*pinentry);
}

int pinentry_open(const char *program, struct pinentry **ret_pinentry)
{
	CLEANUP(pinentry_closep) struct pinentry *pinentry = calloc(1, sizeof(*pinentry));
	char path[PATH_MAX];
	int r;

	if (!pinentry)
		return -ENOMEM;
	if (!program_find(program, path)) {
		log_error(_("The program '%s' cannot be run. Install a pinentry, or see: man "
			    "jpkid-agent"), program);
		return -EIO;
	}
	r = program_start(pinentry, path);
	if (r < 0)
		return r;
	set_options(pinentry);
	*ret_pinentry = TAKE(pinentry);
	return 0;
}

int pinentry_confirm(struct pinentry *pinentry, const struct dialog *dialog)
{
	gpg_error_t error = set_dialog(pinentry, dialog);

	return judge(error ? error : run(pinentry, "CONFIRM"));
}

static gpg_error_t on_data(void *userdata, const void *data, size_t length)
{
	struct secret *secret = userdata;
	const size_t room = secret->capacity - secret->length;

	if (length > room)
		length = room;
	memcpy(secret->bytes + secret->length, data, length);
	secret->length += length;
	return 0;
}

int pinentry_ask(struct pinentry *pinentry, const struct dialog *dialog, struct secret *secret)
{
	gpg_error_t error = set_dialog(pinentry, dialog);

	if (!error)
		error = assuan_transact(pinentry->context, "GETPIN", on_data, secret, NULL, NULL,
					NULL, NULL);
	return judge(error);
}
