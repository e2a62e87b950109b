// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reasons for people. */
#include <stdarg.h>
#include <stdio.h>

#include "keys_internal.h"

int qsc_why(struct qsc_why *why, int err, const char *fmt, ...)
{
	va_list ap;

	if (!why)
		return err;
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return err;
}
