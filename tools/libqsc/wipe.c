// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Zeroing that the compiler cannot remove. */
#include <string.h>

#include "internal.h"

void qsc_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}

void qsc_key_wipe(struct qsc_key *key)
{
	qsc_wipe(key, sizeof(*key));
}
