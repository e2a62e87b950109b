// SPDX-License-Identifier: GPL-2.0-only
/* Messages to the user on stderr. */
#include <stdarg.h>
#include <string.h>

#include "qsctl.h"

static const char *batch_file;
static unsigned int batch_line;

/* From now on name the line of a batch file in messages; NULL ends it. */
void complain_at(const char *file, unsigned int line)
{
	batch_file = file;
	batch_line = line;
}

/*
 * Somebody who gives a key as an argument has put it into the history already;
 * messages end up in logs and tickets as well.
 */
static void mask_keys(char *text)
{
	static const char mark[] = "inline:";
	char *key = text, *end;

	while ((key = strstr(key, mark))) {
		key += sizeof(mark) - 1;
		end = key + strcspn(key, " '\"\n");
		explicit_bzero(key, (size_t)(end - key));
		memmove(key, end, strlen(end) + 1);
	}
}

static void say(const char *fmt, va_list ap)
{
	char text[4096];

	/* Keep the order of what the user sees if both go to one terminal. */
	fflush(stdout);
	fputs("qsctl: ", stderr);
	if (batch_file)
		fprintf(stderr, "%s:%u: ", batch_file, batch_line);
	vsnprintf(text, sizeof(text), fmt, ap);
	mask_keys(text);
	fprintf(stderr, "%s\n", text);
	explicit_bzero(text, sizeof(text));
}

int complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return QSCTL_USAGE;
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}
