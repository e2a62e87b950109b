// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Zeroing that the compiler cannot remove. */
#include <string.h>

#include "internal.h"

/*
 * Registers as well: memcpy() leaves some of what it copied in them, and whatever
 * takes a variable number of arguments stores them on the stack.
 */
#if __has_attribute(zero_call_used_regs)
#define AND_REGISTERS __attribute__((noinline, zero_call_used_regs("all-gpr")))
#else
#define AND_REGISTERS
#endif

AND_REGISTERS void qsc_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
	__asm__ volatile(""); /* no jump there instead of a call: it would not come back */
}

void qsc_key_wipe(struct qsc_key *key)
{
	qsc_wipe(key, sizeof(*key));
}
