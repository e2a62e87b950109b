// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Messages to the user on stderr. */
#include <stdarg.h>
#include <stdio.h>

#include "tool.h"

static void say_it(const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	fflush(stdout);
	/* One write: several cards share one terminal. */
	fprintf(stderr, "%s: %s\n", tool_name, text);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_it(fmt, ap);
	va_end(ap);
}

int complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_it(fmt, ap);
	va_end(ap);
	return TOOL_USAGE;
}

int give_up(const struct qsc_why *why)
{
	say("%s", why->text);
	return TOOL_FAILED;
}
