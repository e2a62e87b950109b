// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Two printers for what inspect has found. */
#include <stdio.h>
#include <time.h>

#include <json-c/json.h>

#include "report.h"

void report_begin(struct report *r, bool json)
{
	r->json = json ? json_object_new_object() : NULL;
}

void report_text(struct report *r, const char *name, const char *value)
{
	if (r->json)
		json_object_object_add(r->json, name, json_object_new_string(value));
	else
		printf("%-14s %s\n", name, value);
}

void report_number(struct report *r, const char *name, uint64_t value)
{
	if (r->json)
		json_object_object_add(r->json, name, json_object_new_uint64(value));
	else
		printf("%-14s %llu\n", name, (unsigned long long)value);
}

void report_hex(struct report *r, const char *name, const uint8_t *bytes, unsigned int len)
{
	char text[65];

	for (unsigned int i = 0; i < len && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	report_text(r, name, text);
}

void report_time(struct report *r, const char *name, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	report_text(r, name, text);
}

void report_end(struct report *r)
{
	if (!r->json)
		return;
	puts(json_object_to_json_string_ext(r->json, JSON_C_TO_STRING_PLAIN));
	json_object_put(r->json);
}
