/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/json-value.h"

#include "client/calendar.h"

/* @object, if @failed is 0. */
static json_t *value_unless(int failed, json_t *object)
{
	if (failed == 0)
		return object;
	json_decref(object);
	return NULL;
}

json_t *value_append(json_t *array, json_t *value)
{
	return value_unless(json_array_append_new(array, value), array);
}

json_t *value_set(json_t *object, const char *key, json_t *value)
{
	return value_unless(json_object_set_new(object, key, value), object);
}

json_t *value_update(json_t *object, json_t *more)
{
	const int failed = json_object_update(object, more);

	json_decref(more);
	return value_unless(failed, object);
}

json_t *value_of_reader(const struct reader *reader)
{
	return json_pack("{s:s, s:s, s:s}",
			 "path", reader->path,
			 "name", reader->name,
			 "state", reader->state);
}

json_t *value_of_tries(const struct applet *applet)
{
	const bool is_known = applet->tries_left >= 0;

	return json_pack("{s:o, s:i, s:o}",
			 "tries-left", is_known ? json_integer(applet->tries_left) : json_null(),
			 "tries-max", applet->tries_max,
			 "locked", is_known ? json_boolean(applet->tries_left == 0) : json_null());
}

json_t *value_of_time(uint64_t seconds)
{
	char text[CALENDAR_STAMP_SIZE];

	return *calendar_stamp(seconds, text) ? json_string(text) : json_null();
}

bool value_print(json_t *value, size_t flags, FILE *stream)
{
	const bool done = value && json_dumpf(value, stream, flags) == 0;

	json_decref(value);
	fputc('\n', stream);
	return done;
}
