// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What main() of qskeyd does before anything else: this program is linked with it,
 * and begins at __wrap_main().
 */
#include "keyd/keyd_test.h"

#include <errno.h>

#include <openssl/crypto.h>

#include "config.h"
#include "leftover.h"
#include "protect.h"

int __real_main(int argc, char **argv);
int __wrap_main(void);
int __wrap_protect_process(size_t arena);

/* Further than here it does not get. */
int __wrap_protect_process(size_t arena)
{
	(void)arena;
	return -EPERM;
}

static void what_openssl_frees_is_wiped(void **state)
{
	static const char secret[] = "what nobody may see afterwards";
	char *argv[] = { "qskeyd", "--config", "/dev/null", "--service", "localhost:1", NULL };
	char *p;

	(void)state;
	assert_int_equal(__real_main(COUNT(argv) - 1, argv), EXIT_FAILED);
	p = OPENSSL_malloc(sizeof(secret));
	assert_non_null(p);
	memcpy(p, secret, sizeof(secret));
	OPENSSL_free(p);
	assert_false(leftover_at(p, sizeof(secret), secret, sizeof(secret)));
}

int __wrap_main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_openssl_frees_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
