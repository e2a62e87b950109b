// SPDX-License-Identifier: GPL-2.0
/* The stack as others have left it. */

#include "stack.h"

#include <linux/compiler.h>
#include <linux/string.h>

#define FRAMES 4
#define FRAME_SIZE 768
#define PACKET_SIZE 1280 /* gcmaes_crypt_by_sg() of 6.1, and what is around it */

/* In pieces, for the compiler warns of large frames. */
static noinline void wipe_frames(unsigned int n)
{
	char frame[FRAME_SIZE];

	memzero_explicit(frame, sizeof(frame));
	if (n > 1)
		wipe_frames(n - 1);
	/* Not the last thing it does, or they would all be one. */
	barrier_data(frame);
}

/*
 * What memcpy() has moved last is still in registers, and an interrupt puts them
 * on the stack.
 */
#if __has_attribute(zero_call_used_regs)
static noinline __attribute__((zero_call_used_regs("all-gpr"))) void forget_registers(void)
{
	barrier();
}
#else
static void forget_registers(void)
{
}
#endif

void qsc_stack_wipe(void)
{
	forget_registers();
	wipe_frames(FRAMES);
}

noinline void qsc_stack_wipe_packet(void)
{
	char frame[PACKET_SIZE];

	memzero_explicit(frame, sizeof(frame));
}
