/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/config-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"

enum {
	LINE_LENGTH_MAX = INI_MAX_LINE - 3, /* see ini.h */
	LINE_SIZE = LINE_LENGTH_MAX + sizeof("\n"),
};

struct place {
	const char *path;
	unsigned int line;
	struct config *config;
	int result;
};

/* --- lines ------ */

static int on_key(void *userdata, const char *section, const char *name, const char *value)
{
	struct place *place = userdata;
	const struct config_key *key = config_find_key(section, name);
	int r;

	if (!key) {
		log_error("%s:%u: there is no %s= in [%s]; it is passed over", place->path,
			  place->line, name, section);
		return true;
	}
	r = config_set(place->config, key, value);
	if (r == -EINVAL)
		log_error("%s:%u: %s= must be %s; its default is used: %s", place->path,
			  place->line, name, key->must, key->fallback);
	else if (r < 0)
		place->result = r;
	return true;
}

/*
 * inih tells only the first line that it cannot read, and not which one it speaks of: it is given
 * one at a time, after its section's.
 */
static void read_line(struct place *place, char *section, const char *line)
{
	char text[2 * LINE_SIZE];
	const bool is_section = *line == '[';

	/* Nor would it know the rest of a long comment for one. An empty line has no first byte. */
	if (strchr(INI_START_COMMENT_PREFIXES, *line))
		return;
	if (strlen(line) > LINE_LENGTH_MAX) {
		log_error("%s:%u: longer than %d bytes; it is passed over", place->path,
			  place->line, (int)LINE_LENGTH_MAX);
		return;
	}
	snprintf(text, sizeof(text), "%s\n%s\n", is_section ? "" : section, line);
	if (ini_parse_string(text, on_key, place) != 0) {
		log_error("%s:%u: neither [Section] nor Key=value; it is passed over", place->path,
			  place->line);
		line = "[]";
	}
	if (is_section)
		strcpy(section, line);
}

/* A carriage return is a part of a line's end. */
static bool is_layout(const char *byte)
{
	return *byte == '\t' || *byte == '\n' || (*byte == '\r' && byte[1] == '\n');
}

static bool is_text(const char *text, size_t length)
{
	uint32_t character;

	for (size_t i = 0, size; i < length; i += size) {
		size = utf8_read(text + i, length - i, &character);
		if (utf8_is_control(character) && !is_layout(text + i))
			return false;
	}
	return true;
}

static int pass_over(const char *path, const char *why, struct config *config)
{
	log_error("%s: %s; what it says does not hold until it is a text that jpkid's user can "
		  "read",
		  path, why);
	config->incomplete = true;
	return 0;
}

int config_read_text(const char *path, char *text, size_t length, struct config *config)
{
	struct place place = { .path = path, .config = config };
	char section[LINE_SIZE] = "", *line;

	if (!is_text(text, length))
		return pass_over(path, "this is not a text in UTF-8", config);
	while (place.result == 0 && (line = strsep(&text, "\n"))) {
		place.line++;
		/* What inih would take for more of the value before; systemd does not. */
		read_line(&place, section, line + strspn(line, " \t\r"));
	}
	return place.result;
}

/* --- files ------ */

static bool is_mask(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3); /* null(4) */
}

/* Why it cannot be; or NULL. Not opened is what might wait, or take being opened for an order. */
static const char *why_unreadable(const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return "this is not a regular file";
	return status->st_size > CONFIG_FILE_LENGTH_MAX ? "this is larger than 64 KiB" : NULL;
}

static ssize_t read_whole(const char *path, char *text)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -errno : file_read_up_to(fd, text, CONFIG_FILE_LENGTH_MAX);

	text[length > 0 ? length : 0] = '\0';
	return length;
}

static int read_file(const char *path, struct config *config)
{
	CLEANUP(freep) char *text = malloc(CONFIG_FILE_LENGTH_MAX + 1);
	struct stat status;
	ssize_t length;

	if (!text)
		return -ENOMEM;
	if (stat(path, &status) < 0)
		return pass_over(path, strerror(errno), config);
	if (is_mask(&status))
		return 0;
	if (why_unreadable(&status))
		return pass_over(path, why_unreadable(&status), config);
	length = read_whole(path, text);
	if (length < 0)
		return pass_over(path, strerror((int)-length), config);
	return config_read_text(path, text, (size_t)length, config);
}

/* --- which ------ */

static int read_main_file(const struct config_directories *directories, struct config *config)
{
	const char *const places[] = { directories->etc, directories->lib };

	for (size_t i = 0; i < LENGTH_OF(places); i++) {
		CLEANUP(freep) char *path = format("%s/jpkid.conf", places[i]);
		struct stat status;

		if (!path)
			return -ENOMEM;
		if (lstat(path, &status) == 0 || errno != ENOENT)
			return read_file(path, config);
	}
	return 0;
}

static int on_directory_error(const char *path, int error)
{
	return error != ENOENT;
}

/* What ends in .conf and does not begin with a dot, sorted by name. */
static int list_drop_ins(const char *directory, struct config *config, glob_t *ret_found)
{
	CLEANUP(freep) char *pattern = format("%s/jpkid.conf.d/*.conf", directory);

	if (!pattern)
		return -ENOMEM;
	switch (glob(pattern, 0, on_directory_error, ret_found)) {
	case GLOB_NOSPACE:
		return -ENOMEM;
	case GLOB_ABORTED:
		*strrchr(pattern, '/') = '\0';
		return pass_over(pattern, strerror(errno), config);
	default:
		return 0;
	}
}

/* Both lists in one order; the administrator's file stands for the system's of the same name. */
static int read_in_order(const glob_t *etc, const glob_t *lib, struct config *config)
{
	size_t e = 0, l = 0;
	int r = 0;

	while (r == 0 && (e < etc->gl_pathc || l < lib->gl_pathc)) {
		int order = e == etc->gl_pathc ? 1 : -1;

		if (e < etc->gl_pathc && l < lib->gl_pathc)
			order = strcmp(basename(etc->gl_pathv[e]), basename(lib->gl_pathv[l]));
		r = read_file(order <= 0 ? etc->gl_pathv[e] : lib->gl_pathv[l], config);
		e += order <= 0;
		l += order >= 0;
	}
	return r;
}

static int read_drop_ins(const struct config_directories *directories, struct config *config)
{
	CLEANUP(globfree) glob_t etc = { 0 }, lib = { 0 };
	int r = list_drop_ins(directories->etc, config, &etc);

	if (r == 0)
		r = list_drop_ins(directories->lib, config, &lib);
	return r == 0 ? read_in_order(&etc, &lib, config) : r;
}

int config_read(const struct config_directories *directories,
		const struct config_arguments *arguments, struct config *ret_config)
{
	CLEANUP(config_clear) struct config config = { 0 };
	int r = config_init(&config);

	if (r == 0)
		r = read_main_file(directories, &config);
	if (r == 0)
		r = read_drop_ins(directories, &config);
	if (r == 0)
		r = config_apply_arguments(&config, arguments);
	if (r == 0) {
		*ret_config = config;
		config = (struct config){ 0 };
	}
	return r;
}
