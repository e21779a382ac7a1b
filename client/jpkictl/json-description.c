/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/json-value.h"
#include "client/jpkictl/json.h"

static json_t *member_value(const struct field *field, const struct description *description)
{
	const void *member = (const char *)description + field->offset;
	const char *text;

	if (field->type == DBUS_TYPE_UINT64)
		return value_of_time(*(const uint64_t *)member);
	text = *(char *const *)member;
	return text ? json_string(text) : json_null();
}

static json_t *members_value(const struct field *fields, const struct description *description)
{
	json_t *value = json_object();

	for (; fields->key; fields++)
		value = value_set(value, fields->key, member_value(fields, description));
	return value;
}

bool json_print_description(const struct description *description, FILE *stream)
{
	json_t *holder = description->has_holder ?
				 members_value(description_holder_fields, description) :
				 json_null();
	json_t *value = members_value(description_fields, description);

	return value_print(value_set(value, "holder", holder), JSON_INDENT(2), stream);
}
