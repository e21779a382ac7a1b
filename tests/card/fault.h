/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One-shot faults that wait for a command with a certain INS byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAULT_MAX = 16 };

enum fault_action {
	FAULT_PULL,		/* the card leaves the reader, and stays out */
	FAULT_POWER_LOSS,	/* the card leaves, and comes back after a second */
	FAULT_HANG,		/* no answer until `resume` */
	FAULT_SW,		/* this status word, no data */
};

struct fault {
	bool after;	/* the command is run first; only its answer is lost or replaced */
	uint8_t ins;
	enum fault_action action;
	uint16_t sw;		/* of FAULT_SW */
	unsigned skip;		/* commands of that INS that go by first */
};

struct faults {
	struct fault at[FAULT_MAX];
	size_t count;
};

/* 0, or -ENOSPC. */
int faults_add(struct faults *faults, const struct fault *fault);

/* A command of that INS has come: takes out the first fault that is due. Whether there was one. */
bool faults_take(struct faults *faults, uint8_t ins, struct fault *ret_fault);
