/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For LD_PRELOAD: a file system that has no files without names, as vfat and NFS have none. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list arguments;

	if ((flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	va_start(arguments, flags);
	if (flags & O_CREAT)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return ((__typeof__(open) *)dlsym(RTLD_NEXT, "open"))(path, flags, mode);
}
