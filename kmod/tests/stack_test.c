// SPDX-License-Identifier: GPL-2.0
/* What a function that had a key in its hands leaves behind when it has wiped. */

#include "../stack.h"

#include <linux/slab.h>

#include "memory.h"

#ifdef CONFIG_X86_64
#define MARK 0x5ec2e75ec2e75ec2ULL

/* Those that functions need not keep, and that zeroing memory has no use for. */
static noinline unsigned int registers_left_by_wipe(void)
{
	register u64 r8 asm("r8") = MARK;
	register u64 r9 asm("r9") = MARK;
	register u64 r10 asm("r10") = MARK;
	register u64 r11 asm("r11") = MARK;

	asm volatile("call qsc_stack_wipe"
		     : "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r11), ASM_CALL_CONSTRAINT
		     :
		     : "rax", "rcx", "rdx", "rsi", "rdi", "memory", "cc");
	return (r8 == MARK) + (r9 == MARK) + (r10 == MARK) + (r11 == MARK);
}

static void registers_hold_nothing_that_an_interrupt_could_save(struct kunit *test)
{
#if __has_attribute(zero_call_used_regs)
	KUNIT_EXPECT_EQ(test, registers_left_by_wipe(), 0);
#else
	kunit_skip(test, "this compiler cannot zero registers");
#endif
}
#else
static void registers_hold_nothing_that_an_interrupt_could_save(struct kunit *test)
{
	kunit_skip(test, "written for x86-64");
}
#endif

static void secret_of_who_has_returned_is_gone(struct kunit *test)
{
	u8 *secret = kunit_kzalloc(test, QSC_TEST_SECRET_LEN, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, secret);
	memset(secret, 0xb7, QSC_TEST_SECRET_LEN);
	qsc_test_need_dead_stack(test, secret);
	qsc_test_leave_on_stack(secret);
	qsc_stack_wipe();
	KUNIT_EXPECT_FALSE(test, qsc_test_on_dead_stack(secret));
}

static struct kunit_case stack_cases[] = {
	KUNIT_CASE(registers_hold_nothing_that_an_interrupt_could_save),
	KUNIT_CASE(secret_of_who_has_returned_is_gone),
	{},
};

static struct kunit_suite stack_suite = {
	.name = "qsc_stack",
	.test_cases = stack_cases,
};

kunit_test_suite(stack_suite);
