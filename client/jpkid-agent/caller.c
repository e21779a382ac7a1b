/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkid-agent/caller.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/format.h"
#include "base/utf8.h"

enum {
	PATH_SIZE = sizeof("/proc/4294967295/comm"),
	COMM_SIZE = 16, /* TASK_COMM_LEN */
};

static void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static bool read_comm(uint32_t pid, char comm[COMM_SIZE])
{
	CLEANUP(fclosep) FILE *file = NULL;
	char path[PATH_SIZE];
	size_t length;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "re");
	length = file ? fread(comm, 1, COMM_SIZE - 1, file) : 0;
	if (length > 0 && comm[length - 1] == '\n')
		length--;
	comm[length] = '\0';
	return length > 0;
}

/* Another user's cannot be read. */
static bool read_executable(uint32_t pid, char name[NAME_MAX + 1])
{
	char path[PATH_SIZE], target[PATH_MAX];
	const char *slash;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, NAME_MAX + 1, "%.*s", NAME_MAX, slash ? slash + 1 : target);
	return *name;
}

char *caller_name(uint32_t pid)
{
	char comm[COMM_SIZE], executable[NAME_MAX + 1];
	const bool has_comm = pid != 0 && read_comm(pid, comm);
	const bool has_executable = pid != 0 && read_executable(pid, executable);
	char *name;

	if (!has_comm && !has_executable)
		return NULL;
	/* A comm is cut. */
	if (!has_comm || (has_executable && strncmp(comm, executable, strlen(comm)) == 0))
		name = strdup(executable);
	else if (!has_executable)
		name = strdup(comm);
	else
		name = format("%s (%s)", comm, executable);
	/* File names are bytes; the kernel cuts a comm anywhere. */
	if (name)
		utf8_clean(name);
	return name;
}
