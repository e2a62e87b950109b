// SPDX-License-Identifier: GPL-2.0-only
/* What a function left on the stack, which the next one would write over. */
#include <fcntl.h>
#include <unistd.h>

#include "test.h"

#include "leftover.h"

#define BLOCK 1024

uint8_t leftover[LEFTOVER_LEN];
size_t leftover_lower;

static void __attribute__((noinline)) clean_stack(void)
{
	uint8_t old[LEFTOVER_LEN + BLOCK];

	explicit_bzero(old, sizeof(old));
}

/* Far enough below us that reading the stack does not write over it. */
static void __attribute__((noinline)) run_below(void (*run)(void *arg), void *arg)
{
	uint8_t *between = __builtin_alloca(2 * BLOCK + leftover_lower);

	__asm__ volatile("" ::"r"(between) : "memory");
	run(arg);
	__asm__ volatile("" ::"r"(between) : "memory");
}

/* Through the kernel, past what sanitizers know about this memory. */
static void __attribute__((noinline)) keep_stack(int mem)
{
	uintptr_t lowest = (uintptr_t)__builtin_frame_address(0) - sizeof(leftover);

	for (size_t at = 0; at < sizeof(leftover); at += BLOCK)
		assert_int_equal(pread(mem, leftover + at, BLOCK, (off_t)(lowest + at)), BLOCK);
}

void leftover_run(void (*run)(void *arg), void *arg)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	assert_true(mem >= 0);
	clean_stack();
	run_below(run, arg);
	keep_stack(mem);
	close(mem);
}

bool leftover_holds(const void *secret, size_t len)
{
	size_t from = 0;

	while (from < sizeof(leftover) && !leftover[from])
		from++; /* this far down it was not used */
	for (size_t i = 0; i + LEFTOVER_PIECE <= len; i++)
		if (memmem(leftover + from, sizeof(leftover) - from, (const uint8_t *)secret + i,
			   LEFTOVER_PIECE))
			return true;
	return false;
}
