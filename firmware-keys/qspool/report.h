/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What inspect says: lines of "name: value", or one JSON object. */
#ifndef _QSPOOL_REPORT_H
#define _QSPOOL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

struct report {
	struct json_object *json; /* NULL: text */
};

void report_begin(struct report *r, bool json);
void report_text(struct report *r, const char *name, const char *value);
void report_number(struct report *r, const char *name, uint64_t value);
void report_hex(struct report *r, const char *name, const uint8_t *bytes, unsigned int len);
void report_time(struct report *r, const char *name, uint64_t seconds);
void report_end(struct report *r);

#endif /* _QSPOOL_REPORT_H */
