// SPDX-License-Identifier: GPL-2.0-only
/* Secret memory holds nothing that was given back. */
#include "test.h"

#include "secmem.h"

static void what_is_given_back_is_zero(void **state)
{
	unsigned char *p = secmem_get(SECMEM_PIECE);

	(void)state;
	assert_non_null(p);
	memset(p, 0x5a, SECMEM_PIECE);
	secmem_put(p);
	/* it begins with a link to the next unused piece */
	for (size_t i = sizeof(void *); i < SECMEM_PIECE; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal(secmem_used(), 0);
}

static void what_is_got_is_zero(void **state)
{
	unsigned char *p = secmem_get(1), *q = secmem_get(SECMEM_PIECE);

	(void)state;
	assert_true(p && q && p != q);
	for (size_t i = 0; i < SECMEM_PIECE; i++)
		assert_int_equal(p[i] | q[i], 0);
	assert_int_equal(secmem_used(), 2);
	secmem_put(q);
	secmem_put(NULL);
	secmem_put(p);
	assert_int_equal(secmem_used(), 0);
	assert_null(secmem_get(SECMEM_PIECE + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_back_is_zero),
		cmocka_unit_test(what_is_got_is_zero),
	};

	return cmocka_run_group_tests_name("secmem", tests, NULL, NULL);
}
