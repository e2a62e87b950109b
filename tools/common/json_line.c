// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reading lines of JSON that others have written. */
#include <string.h>

#include "json_line.h"

/* An object of plain values. */
#define DEPTH_MAX 2

struct json_object *json_line_parse(const char *line, size_t len)
{
	return json_line_parse_deep(line, len, DEPTH_MAX);
}

struct json_object *json_line_parse_deep(const char *line, size_t len, int depth)
{
	struct json_tokener *tok = json_tokener_new_ex(depth);
	struct json_object *obj;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	obj = json_tokener_parse_ex(tok, line, (int)len);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    json_tokener_get_parse_end(tok) != len || !json_object_is_type(obj, json_type_object)) {
		json_object_put(obj);
		obj = NULL;
	}
	json_tokener_free(tok);
	return obj;
}

const char *json_line_text(struct json_object *obj, const char *name)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(obj, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

bool json_line_number(struct json_object *obj, const char *name, uint64_t max, uint64_t *out)
{
	struct json_object *value;
	int64_t number;

	if (!json_object_object_get_ex(obj, name, &value) ||
	    !json_object_is_type(value, json_type_int))
		return false;
	number = json_object_get_int64(value);
	if (number < 0 || (uint64_t)number > max)
		return false;
	*out = (uint64_t)number;
	return true;
}

bool json_line_true(struct json_object *obj, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(obj, name, &value) &&
	       json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}
