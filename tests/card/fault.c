/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/fault.h"

#include <errno.h>
#include <string.h>

int faults_add(struct faults *faults, const struct fault *fault)
{
	if (faults->count == FAULT_MAX)
		return -ENOSPC;
	faults->at[faults->count++] = *fault;
	return 0;
}

static void faults_remove(struct faults *faults, size_t i)
{
	faults->count--;
	memmove(&faults->at[i], &faults->at[i + 1], (faults->count - i) * sizeof(faults->at[0]));
}

bool faults_take(struct faults *faults, uint8_t ins, struct fault *ret_fault)
{
	bool taken = false;

	for (size_t i = 0; i < faults->count;) {
		struct fault *fault = &faults->at[i];

		if (fault->ins == ins && fault->skip == 0 && !taken) {
			*ret_fault = *fault;
			taken = true;
			faults_remove(faults, i);
			continue;
		}
		if (fault->ins == ins && fault->skip)
			fault->skip--;
		i++;
	}
	return taken;
}
