/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/path.h"

#include <string.h>

struct path_component path_component_below(const char *path, const char *descendant)
{
	const size_t prefix = strcmp(path, "/") == 0 ? 0 : strlen(path);

	if (strncmp(path, descendant, prefix) != 0 || descendant[prefix] != '/')
		return (struct path_component){ 0 };
	return (struct path_component){
		.offset = prefix + 1,
		.length = strcspn(descendant + prefix + 1, "/"),
	};
}
