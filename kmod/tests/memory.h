/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_TESTS_MEMORY_H
#define _QSC_TESTS_MEMORY_H

#include "../keyring.h"
#include "test.h"

/*
 * What is left in memory after it was freed. A freed object is read without
 * KASAN's knowledge; with KASAN it is in quarantine, where nobody has used it
 * again. What the allocator writes into free objects differs from what was there.
 */

/**
 * struct qsc_test_memory - an object, and what was in it
 * @addr: where it is, or was
 * @size: bytes
 * @before: what it held
 */
struct qsc_test_memory {
	const void *addr;
	size_t size;
	u8 *before;
};

/* The objects of a key: itself, and the transforms with the expanded keys. */
struct qsc_test_key_memory {
	struct qsc_test_memory object[3];
};

/**
 * qsc_test_remember() - note what an object holds
 * @test: fails without memory
 * @m: filled in
 * @addr: object
 * @size: bytes
 */
void qsc_test_remember(struct kunit *test, struct qsc_test_memory *m, const void *addr,
		       size_t size);

/**
 * qsc_test_survivors() - how much of an object is still there
 * @m: object, maybe freed
 *
 * Return: words of eight bytes that are not zero and the same as before.
 */
u32 qsc_test_survivors(const struct qsc_test_memory *m);

/* Likewise for all that belongs to a key. */
void qsc_test_remember_key(struct kunit *test, struct qsc_test_key_memory *m,
			   const struct qsc_key *key);
u32 qsc_test_key_survivors(const struct qsc_test_key_memory *m);

/**
 * qsc_test_need_freed_memory() - skip a test where freed memory tells nothing
 * @test: it
 *
 * Some kernels wipe or poison all memory that is freed; there a key that was not
 * wiped would not be seen.
 */
void qsc_test_need_freed_memory(struct kunit *test);

#define QSC_TEST_SECRET_LEN 16

/**
 * struct qsc_test_watch - looks into all memory that a thread frees
 * @secrets: what to look for
 * @nr: of them
 * @found: how often there was one
 * @thread: whose
 * @copy: of what is freed
 *
 * What an error path frees, nobody knows the address of afterwards; so this
 * looks before it is gone.
 */
struct qsc_test_watch {
	const u8 (*secrets)[QSC_TEST_SECRET_LEN];
	u32 nr;
	u32 found;
	struct task_struct *thread;
	u8 *copy;
};

/**
 * qsc_test_watch_start() - look into all that this thread frees from now on
 * @test: skipped where the kernel has no tracepoints
 * @w: @secrets and @nr are set
 *
 * Nothing may end the test before qsc_test_watch_stop().
 */
void qsc_test_watch_start(struct kunit *test, struct qsc_test_watch *w);

void qsc_test_watch_stop(struct qsc_test_watch *w);

/*
 * qsc_test_len_on_dead_stack() has a stack of its own, and lays it over what the
 * function before it left at the same place, as interrupts do. So let that
 * function be called by one that is noinline and has an array of this size,
 * with barrier_data() of it before and after the call: then what it leaves is
 * further down.
 */
#define QSC_TEST_ROOM 1024

/**
 * qsc_test_len_on_dead_stack() - did a function that has returned leave a secret?
 * @secret: not on the stack itself
 * @len: its bytes, QSC_TEST_SECRET_LEN at most and a multiple of 4
 *
 * Looks below the stack of its caller, further down than QSC_TEST_ROOM, also for
 * what a hash makes of it. What an interrupt has saved of registers does not count:
 * that is for qsc_stack_wipe(), not for the function that was interrupted.
 */
bool qsc_test_len_on_dead_stack(const u8 *secret, u32 len);

/* The same with QSC_TEST_SECRET_LEN bytes. */
#define qsc_test_on_dead_stack(secret) qsc_test_len_on_dead_stack(secret, QSC_TEST_SECRET_LEN)

/* How often to look: an interrupt may have written over what was left. */
#define QSC_TEST_LOOKS 4

/**
 * qsc_test_leave_on_stack() - forget to wipe a secret
 * @secret: QSC_TEST_SECRET_LEN bytes; is where qsc_test_on_dead_stack() looks afterwards
 */
void qsc_test_leave_on_stack(const u8 *secret);

/**
 * qsc_test_need_dead_stack() - skip a test where the stack tells nothing
 * @test: it
 * @secret: likewise; what there was of it is gone afterwards
 */
void qsc_test_need_dead_stack(struct kunit *test, const u8 *secret);

#endif /* _QSC_TESTS_MEMORY_H */
