/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the values of json-*.c are made of. NULL stands for one for which memory was missing, and so
 * does all that such a one goes into.
 */
#pragma once

#include <jansson.h>

#include "client/inventory.h"

/* Each takes both values, and returns the first with the second in it. */
json_t *value_append(json_t *array, json_t *value);
json_t *value_set(json_t *object, const char *key, json_t *value);
json_t *value_update(json_t *object, json_t *more);

/* The members that are the same wherever a reader, or the tries of an applet, are told. */
json_t *value_of_reader(const struct reader *reader);
json_t *value_of_tries(const struct applet *applet);

/* In Japan; null: not known. */
json_t *value_of_time(uint64_t seconds);

/* Prints @value, which it takes, and a newline. False: it is NULL, or no memory. */
bool value_print(json_t *value, size_t flags, FILE *stream);
