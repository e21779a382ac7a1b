/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program that a PIN is for. */
#pragma once

#include <stdint.h>

/*
 * What a person knows process @pid by: "firefox", "login.py (python3.11)"; fit for display, the
 * caller's to free. NULL: nothing is known. A program can call itself what it likes: for show only.
 */
char *caller_name(uint32_t pid);
