/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may do what: uid 0 may everything, all others are asked about at polkit, which may ask the
 * person at the screen. No polkit, no permission.
 */
#pragma once

#include <sys/types.h>

#include "dbus/call.h"

struct authorization;

/*
 * @result: 0 (allowed), ANSWER_NOT_AUTHORIZED, ANSWER_DISMISSED,
 * ANSWER_INTERACTIVE_AUTHORIZATION_REQUIRED, or a negative errno. @uid: the caller's, valid with 0.
 */
typedef void authorization_done(int result, uid_t uid, void *userdata);

/*
 * Asks whether the sender of @call may do @action. @done runs from the loop, or before this returns
 * where the answer is known. Interaction is allowed only as far as the call's message allows it.
 * *ret_authorization can be cancelled until @done is called (polkit is told); it is NULL when @done
 * has run already. @call must not end before either. @action is kept, not copied; NULL: uid 0 alone
 * may.
 */
void authority_check(struct call *call, const char *action, authorization_done *done,
		     void *userdata, struct authorization **ret_authorization);
/* NULL is allowed; returns NULL. */
struct authorization *authorization_cancel(struct authorization *authorization);
