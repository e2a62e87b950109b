/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * What functions leave of a secret: on their stack, and in memory that they free.
 * To be included after cmocka.h, by programs that are linked with --wrap=free.
 *
 * Memory is read through the kernel: sanitizers and valgrind let nobody look at
 * what is dead.
 */
#ifndef _QSC_TESTS_TRACES_H
#define _QSC_TESTS_TRACES_H

#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* A piece of so many bytes is as bad as all; a word is in the traces of sanitizers, too. */
#define TRACE_PIECE 12U
#define TRACE_STACK (64U << 10)
#define TRACE_BLOCK (128U << 10)
/* So far below is what is looked at: nothing that is called afterwards gets there. */
#define TRACE_GAP (16U << 10)

void __real_free(void *ptr);
void __wrap_free(void *ptr);
__attribute__((visibility("default"))) const char *__asan_default_options(void);

/* What the last function that was run has left below its caller */
static uint8_t trace_stack[TRACE_STACK];
/* What must not be in freed memory, and in how many blocks it was */
static const uint8_t *trace_secret;
static size_t trace_secret_len;
static unsigned int trace_freed;

/* Locals are on the stack, whatever a sanitizer's default is. */
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

static inline size_t trace_read(uintptr_t at, uint8_t *out, size_t len)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(mem, out, len, (off_t)at);

	close(mem);
	return n > 0 ? (size_t)n : 0;
}

static inline bool trace_is_in(const uint8_t *bytes, size_t len, const void *secret,
			       size_t secret_len)
{
	size_t piece = secret_len < TRACE_PIECE ? secret_len : TRACE_PIECE;

	for (size_t i = 0; i + piece <= secret_len; i++)
		if (memmem(bytes, len, (const uint8_t *)secret + i, piece))
			return true;
	return false;
}

/* ---------------------------------------------------------------------- stack */

static __attribute__((noinline)) void trace_clear_stack(void)
{
	uint8_t all[TRACE_GAP + TRACE_STACK];

	explicit_bzero(all, sizeof(all));
}

static __attribute__((noinline)) void trace_run_below(void (*run)(void))
{
	uint8_t gap[TRACE_GAP];

	run();
	explicit_bzero(gap, sizeof(gap));
}

/* Run it, on a stack that was empty. Its secrets have to be elsewhere. */
static __attribute__((noinline, unused)) void trace_run(void (*run)(void))
{
	uintptr_t top = (uintptr_t)__builtin_frame_address(0) - TRACE_GAP;

	trace_clear_stack();
	trace_run_below(run);
	assert_int_equal(trace_read(top - TRACE_STACK, trace_stack, TRACE_STACK), TRACE_STACK);
}

static inline bool trace_on_stack(const void *secret, size_t len)
{
	return trace_is_in(trace_stack, sizeof(trace_stack), secret, len);
}

/* --------------------------------------------------------------- freed memory */

void __wrap_free(void *ptr)
{
	static uint8_t block[TRACE_BLOCK];

	if (ptr && trace_secret) {
		size_t len = malloc_usable_size(ptr);

		len = trace_read((uintptr_t)ptr, block, len < sizeof(block) ? len : sizeof(block));
		trace_freed += trace_is_in(block, len, trace_secret, trace_secret_len);
	}
	__real_free(ptr);
}

/* From now on, count blocks that are freed with a piece of it; NULL ends it. */
static inline void trace_in_freed(const void *secret, size_t len)
{
	trace_secret = secret;
	trace_secret_len = len;
	trace_freed = 0;
}

#endif /* _QSC_TESTS_TRACES_H */
