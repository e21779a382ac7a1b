/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fakes have in common: each call is a step with a name. Steps are written down, and answer and wait as the
 * test has told them to. From any thread; a fake that is misused ends the program.
 */
#pragma once

/* Forgets what was written down and told. Nothing may be blocked. */
void fake_reset(void);

/* The next step of this name that has not been told anything yet answers @answer. */
void fake_answer(const char *name, long answer);

/* The next step of this name waits until fake_unblock(), before it answers. One at a time. */
void fake_block(const char *name);
void fake_wait_blocked(void);
void fake_unblock(void);

/* The steps so far, with a space between them. Lives until the next call. */
const char *fake_journal(void);

/* For the fakes: a step. Writes "name", or "name(details)", waits if told, and returns what was told, or 0. */
long fake_step(const char *name);
__attribute__((format(printf, 2, 3))) long fake_step_with(const char *name, const char *details, ...);

/* For the fakes: the same, but waits until something is told. */
long fake_step_when_told(const char *name);
