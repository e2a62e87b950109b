// SPDX-License-Identifier: GPL-2.0-only
/* What functions left behind, on the stack and elsewhere. */
#include <fcntl.h>
#include <unistd.h>

#include "test.h"

#include "leftover.h"

/* What is called afterwards, to have a look, does not get further down. */
#define GAP (16U << 10)

uint8_t leftover[LEFTOVER_LEN];
size_t leftover_lower;

/* Locals are on the stack, whatever a sanitizer's default is. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

static void read_memory(uintptr_t at, uint8_t *out, size_t len)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	assert_true(mem >= 0);
	assert_int_equal(pread(mem, out, len, (off_t)at), len);
	close(mem);
}

static bool is_in(const uint8_t *bytes, size_t len, const uint8_t *secret, size_t secret_len)
{
	size_t piece = secret_len < LEFTOVER_PIECE ? secret_len : LEFTOVER_PIECE;

	for (size_t i = 0; i + piece <= secret_len; i++)
		if (memmem(bytes, len, secret + i, piece))
			return true;
	return false;
}

static void __attribute__((noinline)) clean_stack(void)
{
	uint8_t *old = __builtin_alloca(GAP + leftover_lower + sizeof(leftover));

	explicit_bzero(old, GAP + leftover_lower + sizeof(leftover));
}

static void __attribute__((noinline)) run_below(void (*run)(void *arg), void *arg)
{
	uint8_t *between = __builtin_alloca(GAP + leftover_lower);

	__asm__ volatile("" ::"r"(between) : "memory");
	run(arg);
	__asm__ volatile("" ::"r"(between) : "memory");
}

void leftover_run(void (*run)(void *arg), void *arg)
{
	uintptr_t top = (uintptr_t)__builtin_frame_address(0) - GAP - leftover_lower;

	clean_stack();
	run_below(run, arg);
	read_memory(top - sizeof(leftover), leftover, sizeof(leftover));
}

bool leftover_holds(const void *secret, size_t secret_len)
{
	size_t from = 0;

	while (from < sizeof(leftover) && !leftover[from])
		from++; /* this far down it was not used */
	return is_in(leftover + from, sizeof(leftover) - from, secret, secret_len);
}

bool leftover_at(const void *at, size_t len, const void *secret, size_t secret_len)
{
	static uint8_t bytes[LEFTOVER_LEN];

	assert_true(len <= sizeof(bytes));
	read_memory((uintptr_t)at, bytes, len);
	return is_in(bytes, len, secret, secret_len);
}
