// SPDX-License-Identifier: GPL-2.0
/* Reading memory that was freed. */

#include "memory.h"

#include <crypto/internal/aead.h>
#include <linux/delay.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <trace/events/kmem.h>

#include "../compat.h"

#define WATCHED_MAX 8192 /* of one object */

void qsc_test_remember(struct kunit *test, struct qsc_test_memory *m, const void *addr, size_t size)
{
	m->addr = addr;
	m->size = size;
	m->before = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m->before);
	memcpy(m->before, addr, size);
}

u32 qsc_test_survivors(const struct qsc_test_memory *m)
{
	u64 before, now;
	u32 n = 0;
	size_t i;

	for (i = 0; i + sizeof(now) <= m->size; i += sizeof(now)) {
		memcpy(&before, m->before + i, sizeof(before));
		if (!copy_from_kernel_nofault(&now, m->addr + i, sizeof(now)))
			n += before && now == before;
	}
	return n;
}

static void remember_tfm(struct kunit *test, struct qsc_test_memory *m, struct crypto_aead *tfm)
{
	size_t ctx;

	m->size = 0;
	if (!tfm)
		return;
	ctx = crypto_aead_alg(tfm)->base.cra_ctxsize;
	qsc_test_remember(test, m, tfm, offsetof(struct crypto_aead, base.__crt_ctx) + ctx);
}

void qsc_test_remember_key(struct kunit *test, struct qsc_test_key_memory *m,
			   const struct qsc_key *key)
{
	qsc_test_remember(test, &m->object[0], key, sizeof(*key));
	remember_tfm(test, &m->object[1], key->rtp.aead.tfm);
	remember_tfm(test, &m->object[2], key->rtcp.aead.tfm);
}

u32 qsc_test_key_survivors(const struct qsc_test_key_memory *m)
{
	u32 n = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(m->object); i++)
		n += qsc_test_survivors(&m->object[i]);
	return n;
}

/* What is freed without being wiped is to be seen, at every size that matters. */
void qsc_test_need_freed_memory(struct kunit *test)
{
	static const u16 sizes[] = { 256, 512, 1024 };
	struct qsc_test_memory m;
	u32 i;
	u8 *p;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = kmalloc(sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 0x5e, sizes[i]);
		qsc_test_remember(test, &m, p, sizes[i]);
		kfree(p);
		if (qsc_test_survivors(&m) < sizes[i] / sizeof(u64) / 2)
			kunit_skip(test, "this kernel wipes what is freed");
	}
}

#ifdef CONFIG_TRACEPOINTS
/* Reads whole objects: how much of one is in use only its owner knows. */
static void look_into_of(void *data, unsigned long call_site, const void *ptr,
			 const struct kmem_cache *s)
{
	struct qsc_test_watch *w = data;
	size_t size, i;
	u32 n;

	if (current != w->thread || ZERO_OR_NULL_PTR(ptr))
		return;
	size = min_t(size_t, ksize(ptr), WATCHED_MAX);
	if (copy_from_kernel_nofault(w->copy, ptr, size))
		return;
	for (i = 0; i + QSC_TEST_SECRET_LEN <= size; i++)
		for (n = 0; n < w->nr; n++)
			w->found += !memcmp(w->copy + i, w->secrets[n], QSC_TEST_SECRET_LEN);
}

static void look_into(void *data, unsigned long call_site, const void *ptr)
{
	look_into_of(data, call_site, ptr, NULL);
}

void qsc_test_watch_start(struct kunit *test, struct qsc_test_watch *w)
{
	w->copy = kunit_kzalloc(test, WATCHED_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->copy);
	w->thread = current;
	KUNIT_ASSERT_EQ(test, register_trace_kfree(look_into, w), 0);
	KUNIT_EXPECT_EQ(test, register_trace_kmem_cache_free(look_into_of, w), 0);
}

void qsc_test_watch_stop(struct qsc_test_watch *w)
{
	unregister_trace_kmem_cache_free(look_into_of, w);
	unregister_trace_kfree(look_into, w);
	tracepoint_synchronize_unregister();
}
#else
void qsc_test_watch_start(struct kunit *test, struct qsc_test_watch *w)
{
	kunit_skip(test, "this kernel has no tracepoints");
}

void qsc_test_watch_stop(struct qsc_test_watch *w)
{
}
#endif

/* A hash works on words of this machine's byte order. */
static bool is_in_words(const u8 *piece, const u8 *secret, u32 len)
{
	u32 i;

	for (i = 0; i < len; i += 4)
		if (get_unaligned((u32 *)(piece + i)) != get_unaligned_be32(secret + i))
			return false;
	return true;
}

#ifdef CONFIG_X86_64
/* May the word at @p be a register that an interrupt of the kernel has saved? */
static bool is_saved_register(unsigned long p)
{
	const struct pt_regs *regs;
	unsigned long cs, ss;
	size_t at;

	for (at = 0; at < offsetof(struct pt_regs, orig_ax); at += sizeof(long)) {
		regs = (const struct pt_regs *)(round_down(p, sizeof(long)) - at);
		if (!copy_from_kernel_nofault(&cs, &regs->cs, sizeof(cs)) &&
		    !copy_from_kernel_nofault(&ss, &regs->ss, sizeof(ss)) &&
		    (u16)cs == __KERNEL_CS && (u16)ss == __KERNEL_DS)
			return true;
	}
	return false;
}
#else
static bool is_saved_register(unsigned long p)
{
	return false;
}
#endif

noinline bool qsc_test_len_on_dead_stack(const u8 *secret, u32 len)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0), p;
	u8 piece[QSC_TEST_SECRET_LEN];

	/* Above lie the registers that this function and its callees save. */
	for (p = here - QSC_TEST_ROOM - 4096; p < here - QSC_TEST_ROOM; p++) {
		if (copy_from_kernel_nofault(piece, (void *)p, len))
			continue;
		if ((!memcmp(piece, secret, len) || is_in_words(piece, secret, len)) &&
		    !is_saved_register(p)) {
			memzero_explicit(piece, sizeof(piece));
			return true;
		}
	}
	return false;
}

noinline void qsc_test_leave_on_stack(const u8 *secret)
{
	u8 copies[QSC_TEST_ROOM];

	memset(copies, 0, sizeof(copies));
	memcpy(copies, secret, QSC_TEST_SECRET_LEN);
	barrier_data(copies);
}

void qsc_test_need_dead_stack(struct kunit *test, const u8 *secret)
{
	static const u8 zero[QSC_TEST_SECRET_LEN];
	unsigned int tries = 10;
	bool seen;

	/* Another thread may come in between, and this one's stack is written to then. */
	do {
		qsc_test_leave_on_stack(secret);
		seen = qsc_test_on_dead_stack(secret);
	} while (!seen && --tries);
	if (!seen)
		kunit_skip(test, "this kernel hides what is left on the stack");
	/* Nor is it gone at once: an interrupt saves registers further down. */
	tries = 10;
	do {
		qsc_test_leave_on_stack(zero);
		seen = qsc_test_on_dead_stack(secret);
		if (seen)
			usleep_range(1000, 5000);
	} while (seen && --tries);
	KUNIT_ASSERT_FALSE(test, seen);
}
