/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Reading lines of JSON that others have written: strictly. */
#ifndef _QSC_JSON_LINE_H
#define _QSC_JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

/* One object of plain values; NULL if @line is anything else. */
struct json_object *json_line_parse(const char *line, size_t len);

/* The same with objects and arrays in it, so many levels in all. */
struct json_object *json_line_parse_deep(const char *line, size_t len, int depth);

/* A string without NULs, or NULL. */
const char *json_line_text(struct json_object *obj, const char *name);

/* Whether there is a number from 0 to @max, which is at most INT64_MAX */
bool json_line_number(struct json_object *obj, const char *name, uint64_t max, uint64_t *out);

/* Whether there is such a member, and it is true */
bool json_line_true(struct json_object *obj, const char *name);

#endif /* _QSC_JSON_LINE_H */
