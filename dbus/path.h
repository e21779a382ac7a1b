/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Object paths. */
#pragma once

#include <stddef.h>

/*
 * The first component of @descendant below @path, as its offset and length in @descendant; length
 * 0: not below.
 */
struct path_component {
	size_t offset, length;
};
struct path_component path_component_below(const char *path, const char *descendant);
