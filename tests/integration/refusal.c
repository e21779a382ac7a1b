/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For LD_PRELOAD: pcscd as it is where polkit does not let the daemon have cards, in those readers whose names begin
 * with what a test says in the file $REFUSAL; nothing there: in none.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <winscard.h>

static const char *refused;

static __attribute__((constructor)) void refusal_map(void)
{
	const char *path = getenv("REFUSAL");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped = MAP_FAILED;

	if (fd >= 0)
		mapped = mmap(NULL, MAX_READERNAME, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		abort();
	refused = mapped;
	close(fd);
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD mode, DWORD protocols, LPSCARDHANDLE handle,
		  LPDWORD protocol)
{
	if (*refused && strncmp(reader, refused, strlen(refused)) == 0)
		return SCARD_W_SECURITY_VIOLATION;
	return ((__typeof__(SCardConnect) *)dlsym(RTLD_NEXT, "SCardConnect"))(context, reader, mode, protocols, handle,
									     protocol);
}
