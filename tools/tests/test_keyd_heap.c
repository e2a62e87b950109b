// SPDX-License-Identifier: GPL-2.0-only
/* What OpenSSL, or secret memory, gives back holds nothing any more. */
#include "test.h"

#include <openssl/crypto.h>

#include "freed.h"
#include "keys/keys.h"
#include "secmem.h"

#define SECRET 0x5a
#define LEN 1000

/* After this, a single byte of it that is freed is noticed. */
static unsigned char *secret(size_t len)
{
	static const unsigned char byte = SECRET;
	unsigned char *p = OPENSSL_malloc(len);

	assert_non_null(p);
	memset(p, SECRET, len);
	freed_watch(&byte, 1);
	return p;
}

static void freed_memory_is_wiped(void **state)
{
	(void)state;
	OPENSSL_free(secret(LEN));
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
}

static void memory_that_moves_leaves_nothing_and_keeps_its_content(void **state)
{
	unsigned char *p = secret(LEN);

	(void)state;
	p = OPENSSL_realloc(p, 3 * LEN);
	assert_non_null(p);
	for (size_t i = 0; i < LEN; i++)
		assert_int_equal(p[i], SECRET);
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
	p = OPENSSL_realloc(p, LEN / 2);
	assert_non_null(p);
	for (size_t i = 0; i < LEN / 2; i++)
		assert_int_equal(p[i], SECRET);
	assert_int_equal(freed, 2);
	assert_int_equal(freed_dirty, 0);
	OPENSSL_free(p);
}

static void nothing_can_be_freed_and_resized(void **state)
{
	(void)state;
	OPENSSL_free(NULL);
	OPENSSL_free(OPENSSL_realloc(NULL, LEN));
	assert_null(OPENSSL_realloc(secret(LEN), 0));
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
}

#ifdef __x86_64__
/* As much as SSE has; that more of them is overwritten is registers.c's affair. */
#define REGISTERS 16

static void read_registers(unsigned char *out)
{
	__asm__ volatile("movdqu %%xmm0, (%0)\n\tmovdqu %%xmm1, 16(%0)\n\t"
			 "movdqu %%xmm2, 32(%0)\n\tmovdqu %%xmm3, 48(%0)\n\t"
			 "movdqu %%xmm14, 64(%0)\n\tmovdqu %%xmm15, 80(%0)\n\t" ::"r"(out)
			 : "memory");
}

static void registers_keep_nothing_of_secret_memory(void **state)
{
	unsigned char registers[6 * REGISTERS] = { 0 };
	unsigned char *p = secmem_get(REGISTERS);
	unsigned int left = 0;

	(void)state;
	assert_non_null(p);
	memset(p, SECRET, REGISTERS);
	__asm__ volatile("movdqu (%0), %%xmm1\n\tmovdqu (%0), %%xmm15" ::"r"(p)
			 : "xmm1", "xmm15", "memory");
	secmem_put(p);
	read_registers(registers);
	for (size_t i = 0; i < sizeof(registers); i++)
		left += registers[i] == SECRET;
	assert_int_equal(left, 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_memory_is_wiped),
		cmocka_unit_test(memory_that_moves_leaves_nothing_and_keeps_its_content),
		cmocka_unit_test(nothing_can_be_freed_and_resized),
#ifdef __x86_64__
		cmocka_unit_test(registers_keep_nothing_of_secret_memory),
#endif
	};

	if (qsc_keys_wipe_freed())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
