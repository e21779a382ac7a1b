/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/notice-store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "client/language.h"

#define FILE_NAME "notices"
#define NEW_FILE_NAME "notices.new"

/* As the XDG Base Directory Specification has it: a relative path is none. */
static char *folder_from_environment(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/')
		return format("%s/jpkid", state);
	if (home && *home == '/')
		return format("%s/.local/state/jpkid", home);
	return NULL;
}

void notice_store_open(struct notice_store *store)
{
	*store = (struct notice_store){ .folder = folder_from_environment() };
}

void notice_store_close(struct notice_store *store)
{
	free(store->folder);
}

static int open_folder(const struct notice_store *store)
{
	const int fd = store->folder ? open(store->folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!store->folder)
		return -ENOENT;
	return fd < 0 ? -errno : fd;
}

/* --- reading ------ */

static int read_text(int fd, char text[NOTICE_TEXT_SIZE])
{
	const ssize_t length = file_read_up_to(fd, text, NOTICE_TEXT_SIZE - 1);

	if (length < 0)
		return (int)length;
	if (length == NOTICE_TEXT_SIZE - 1)
		return -EBADMSG;
	text[length] = '\0';
	return strlen(text) == (size_t)length ? 0 : -EBADMSG;
}

static int load(const struct notice_store *store, struct notice_book *book)
{
	char text[NOTICE_TEXT_SIZE];
	CLEANUP(closep) int folder = open_folder(store);
	CLEANUP(closep) int fd = -1;
	int r;

	if (folder < 0)
		return folder;
	fd = openat(folder, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = read_text(fd, text);
	return r == 0 ? notice_book_parse(text, book) : r;
}

void notice_store_load(struct notice_store *store, struct notice_book *book)
{
	int r;

	*book = (struct notice_book){ 0 };
	r = load(store, book);
	if (r == -EBADMSG)
		log_warning(_("%s/%s is damaged, so notices may be shown once more."),
			    store->folder, FILE_NAME);
	else if (r < 0 && r != -ENOENT)
		log_warning(_("%s/%s cannot be read: %s"), store->folder, FILE_NAME, strerror(-r));
}

/* --- writing ------ */

static int make_folders(const char *folder)
{
	CLEANUP(freep) char *path = strdup(folder);

	if (!path)
		return -ENOMEM;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, S_IRWXU) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, S_IRWXU) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_text(int fd, const char *text)
{
	int r = file_write_all(fd, text, strlen(text));

	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int save(const struct notice_store *store, const struct notice_book *book)
{
	char text[NOTICE_TEXT_SIZE];
	CLEANUP(closep) int folder = -1;
	CLEANUP(closep) int fd = -1;
	int r = store->folder ? make_folders(store->folder) : -ENOENT;

	if (r < 0)
		return r;
	folder = open_folder(store);
	if (folder < 0)
		return folder;
	if (unlinkat(folder, NEW_FILE_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(folder, NEW_FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
	if (fd < 0)
		return -errno;
	notice_book_format(book, text);
	r = write_text(fd, text);
	if (r == 0 && renameat(folder, NEW_FILE_NAME, folder, FILE_NAME) < 0)
		r = -errno;
	return r;
}

void notice_store_save(struct notice_store *store, const struct notice_book *book)
{
	int r = save(store, book);

	if (r < 0 && !store->has_failed)
		log_warning(_("Which notices were shown cannot be recorded in %s, so they will be "
			      "shown again: %s"),
			    store->folder ? store->folder : "$XDG_STATE_HOME", strerror(-r));
	store->has_failed = r < 0;
}
