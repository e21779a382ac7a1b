/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/format.h"

enum {
	NEW_FILE_MODE = 0666, /* less the umask */
	PERMISSIONS = 0777,
	COPY_SIZE = 64 * 1024,
	NAMES_TO_TRY = 100,
	LINK_SIZE = 32,
};

/* Of its own, because a name that is as long as names can be has no room for more. */
#define NAME_BESIDE ".jpkictl."

/* --- opening ------ */

static mode_t new_file_mode(void)
{
	const mode_t mask = umask(0);

	umask(mask);
	return NEW_FILE_MODE & ~mask;
}

/* A file without a name, where large ones have room. Its descriptor or a negative errno. */
static int open_elsewhere(void)
{
	const char *folder = secure_getenv("TMPDIR");
	CLEANUP(freep)
	char *path = format("%s/jpkictl.XXXXXX", folder && *folder ? folder : "/var/tmp");
	sigset_t all, before;
	int fd;

	if (!path)
		return -ENOMEM;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else
		unlink(path);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fd;
}

/* The caller's to free; NULL: no memory. */
static char *folder_of(const char *path)
{
	CLEANUP(freep) char *copy = strdup(path);

	return copy ? strdup(dirname(copy)) : NULL;
}

/* Not all file systems have files without names. */
static int open_beside(struct spool *spool)
{
	CLEANUP(freep) char *folder = folder_of(spool->target);

	if (!folder)
		return -ENOMEM;
	spool->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
	spool->is_beside = spool->fd >= 0;
	if (spool->is_beside)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	if (access(folder, W_OK) < 0)
		return -errno;
	spool->fd = open_elsewhere();
	return spool->fd < 0 ? spool->fd : 0;
}

static int open_device(struct spool *spool, int device)
{
	if (device < 0)
		return -errno;
	spool->device = device;
	spool->fd = open_elsewhere();
	return spool->fd < 0 ? spool->fd : 0;
}

static int open_new(struct spool *spool, const char *path)
{
	const size_t length = strlen(path);

	if (length == 0)
		return -ENOENT;
	if (path[length - 1] == '/')
		return -EISDIR;
	spool->mode = new_file_mode();
	spool->target = strdup(path);
	return spool->target ? open_beside(spool) : -ENOMEM;
}

int spool_open(struct spool *spool, const char *path)
{
	struct stat there;

	*spool = SPOOL_INIT;
	if (!path)
		return open_device(spool, fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
	/* A link to nothing would be replaced, not followed. */
	if (stat(path, &there) < 0)
		return errno != ENOENT || lstat(path, &there) == 0 ? -errno : open_new(spool, path);
	if (!S_ISREG(there.st_mode))
		return open_device(spool, open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
	spool->mode = there.st_mode & PERMISSIONS;
	spool->is_replacing = true;
	spool->owner = there.st_uid;
	spool->group = there.st_gid;
	spool->target = realpath(path, NULL);
	if (!spool->target || access(spool->target, W_OK) < 0)
		return -errno;
	return open_beside(spool);
}

void spool_clear(struct spool *spool)
{
	write_behind_clear(&spool->behind);
	closep(&spool->fd);
	closep(&spool->device);
	free(spool->target);
	*spool = SPOOL_INIT;
}

int spool_write(struct spool *spool, const void *bytes, size_t length)
{
	return write_behind(&spool->behind, spool->fd, bytes, length);
}

int spool_flush(struct spool *spool)
{
	return write_behind_finish(&spool->behind, spool->fd);
}

/* --- the end ------ */

static int copy_to(const struct spool *spool, int fd)
{
	CLEANUP(freep) uint8_t *block = malloc(COPY_SIZE);
	ssize_t length;
	int r;

	if (!block)
		return -ENOMEM;
	if (lseek(spool->fd, 0, SEEK_SET) < 0)
		return -errno;
	do {
		length = read(spool->fd, block, COPY_SIZE);
		if (length < 0)
			return -errno;
		r = file_write_all(fd, block, (size_t)length);
	} while (r == 0 && length > 0);
	return r;
}

/* Some things come out only now, as from a full disk of another machine. */
static int finish(int fd, bool to_disk, int r)
{
	if (r == 0 && to_disk && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && errno != EINTR && r == 0)
		r = -errno;
	return r;
}

/* What the file that was there let others do, and no others. */
static int set_permissions(const struct spool *spool, int fd)
{
	mode_t mode = spool->mode;

	if (spool->is_replacing && fchown(fd, spool->owner, spool->group) < 0 &&
	    fchown(fd, (uid_t)-1, spool->group) < 0)
		mode &= ~(mode_t)S_IRWXG;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

/* Gives it a name of its own beside the target. 0 with *ret_beside, or a negative errno. */
static int link_beside(const struct spool *spool, char **ret_beside)
{
	CLEANUP(freep) char *folder = folder_of(spool->target);
	char link[LINK_SIZE];

	if (!folder)
		return -ENOMEM;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", spool->fd);
	for (int i = 0; i < NAMES_TO_TRY; i++) {
		CLEANUP(freep) char *beside = NULL;
		uint32_t number;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -errno;
		beside = format("%s/" NAME_BESIDE "%06x", folder, number & 0xFFFFFF);
		if (!beside)
			return -ENOMEM;
		if (linkat(AT_FDCWD, link, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) == 0) {
			*ret_beside = TAKE(beside);
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int copy_beside(const struct spool *spool, char **ret_beside)
{
	CLEANUP(freep) char *folder = folder_of(spool->target);
	CLEANUP(freep) char *beside = folder ? format("%s/" NAME_BESIDE "XXXXXX", folder) : NULL;
	int fd, r;

	if (!beside)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = set_permissions(spool, fd);
	if (r == 0)
		r = copy_to(spool, fd);
	r = finish(fd, true, r);
	if (r < 0)
		unlink(beside);
	else
		*ret_beside = TAKE(beside);
	return r;
}

static int commit_to_target(struct spool *spool)
{
	CLEANUP(freep) char *beside = NULL;
	int r = 0;

	if (!spool->is_beside) {
		r = copy_beside(spool, &beside);
	} else {
		r = set_permissions(spool, spool->fd);
		if (r == 0 && fsync(spool->fd) < 0)
			r = -errno;
		if (r == 0)
			r = link_beside(spool, &beside);
	}
	if (r == 0 && rename(beside, spool->target) < 0) {
		r = -errno;
		unlink(beside);
	}
	return r;
}

int spool_commit(struct spool *spool)
{
	int r = spool_flush(spool);
	sigset_t all, before;

	if (r < 0)
		return r;
	if (spool->device >= 0) {
		r = copy_to(spool, spool->device);
		return finish(TAKE_FD(spool->device), false, r);
	}
	/* A signal between the two names would leave the first. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r = commit_to_target(spool);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
