// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Numbers of the command line. */
#include <errno.h>
#include <stdlib.h>

#include "tool.h"

bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long v;
	char *end;

	/* strtoull() takes blanks and signs. */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || *end || v < min || v > max)
		return false;
	*out = v;
	return true;
}
