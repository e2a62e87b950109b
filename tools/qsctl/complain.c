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
 * messages end up in logs and tickets as well. What is left of keys behind the
 * text's end is the caller's to wipe.
 */
static void mask_keys(char *text)
{
	static const char mark[] = "inline:";
	char *key = text, *end;

	while ((key = strstr(key, mark))) {
		key += sizeof(mark) - 1;
		end = key + strcspn(key, " '\"\n");
		memmove(key, end, strlen(end) + 1);
	}
}

/* Words come from batch files of other people, too: see format_printable(). */
static void say(const char *fmt, va_list ap)
{
	char text[4096], line[2 * sizeof(text)];
	size_t used;

	used = snprintf(text, sizeof(text), "qsctl: ");
	if (batch_file)
		used += snprintf(text + used, sizeof(text) - used, "%s:%u: ", batch_file,
				 batch_line);
	if (used < sizeof(text))
		vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	mask_keys(text);
	format_printable(text, line, sizeof(line) - 1);
	memcpy(line + strlen(line), "\n", 2);
	/* Keep the order of what the user sees if both go to one terminal. */
	fflush(stdout);
	fputs(line, stderr); /* fprintf() would make one more copy */
	explicit_bzero(text, sizeof(text));
	explicit_bzero(line, sizeof(line));
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
