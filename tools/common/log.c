// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Messages. One write each, so that threads do not tear each other's lines.
 * Text from outside is printed as printable ASCII.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

static enum log_level log_most = LOG_INFO;
static const char *log_name = "?";
static bool to_journal;

void log_init(const char *name, enum log_level most)
{
	log_name = name;
	log_most = most;
	to_journal = getenv("JOURNAL_STREAM");
}

void log_at(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	size_t begin, len;
	va_list ap;

	if (level > log_most)
		return;
	begin = (size_t)(to_journal ? snprintf(line, sizeof(line), "<%d>", level) :
				      snprintf(line, sizeof(line), "%s: ", log_name));
	va_start(ap, fmt);
	len = begin + (size_t)vsnprintf(line + begin, sizeof(line) - begin, fmt, ap);
	va_end(ap);
	if (len > sizeof(line) - 1)
		len = sizeof(line) - 1;
	for (size_t i = begin; i < len; i++)
		if (!isprint((unsigned char)line[i]))
			line[i] = '?';
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0) {
		/* There is nobody left to tell. */
	}
}
