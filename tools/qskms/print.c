// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Text for people, JSON for programs. */
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "qskms.h"

int complain(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("qskms: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return QSKMS_USAGE;
}

int print_json(const struct qskms *q, struct json_object *obj)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (q->pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	json_object_object_del(obj, "ok");
	puts(json_object_to_json_string_ext(obj, flags));
	return QSKMS_OK;
}

const char *text_of(struct json_object *obj, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(obj, name, &value) ? json_object_get_string(value) : "?";
}

int64_t int_of(struct json_object *obj, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(obj, name, &value) ? json_object_get_int64(value) : 0;
}

static const char *date(int64_t seconds, char *buf, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!seconds || !gmtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%d", &tm))
		return "-";
	return buf;
}

void print_cards_head(void)
{
	printf("%-13s  %-8s  %-8s  %8s  %-10s  %s\n", "CARD", "STATE", "PROFILE", "KEYS", "ADDED",
	       "SUBSCRIBER");
}

void print_card_row(struct json_object *card)
{
	char when[16];

	printf("%-13lld  %-8s  %-8s  %8lld  %-10s  %s\n", (long long)int_of(card, "card"),
	       text_of(card, "state"), text_of(card, "profile"), (long long)int_of(card, "keys"),
	       date(int_of(card, "added"), when, sizeof(when)), text_of(card, "subscriber"));
}

/* "name: value", one a line; what is a time ends in a date */
void print_fields(struct json_object *obj)
{
	char when[16];

	json_object_object_foreach(obj, name, value)
	{
		if (!strcmp(name, "ok"))
			continue;
		if (!strcmp(name, "added") || !strcmp(name, "revoked"))
			printf("%s: %s\n", name,
			       date(json_object_get_int64(value), when, sizeof(when)));
		else
			printf("%s: %s\n", name, json_object_get_string(value));
	}
}
