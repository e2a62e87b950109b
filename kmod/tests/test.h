/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_TESTS_TEST_H
#define _QSC_TESTS_TEST_H

/* What the suites share. */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/types.h>

#include "../keyring.h"
#include "../seal.h"

/* Since 6.3, with a hex dump of both sides. */
#ifndef KUNIT_EXPECT_MEMEQ
#define KUNIT_EXPECT_MEMEQ(test, left, right, size) \
	KUNIT_EXPECT_EQ(test, memcmp(left, right, size), 0)
#endif

/* A number below @n, the same ones in every run. */
static inline u32 qsc_test_below(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

/* Is the code under test a copy that nobody else uses? */
#ifdef MODULE
#define QSC_TEST_IS_COPY true
#else
#define QSC_TEST_IS_COPY false
#endif

/* References to the code under test: calls hold one each. */
static inline int qsc_test_users(void)
{
#ifdef MODULE
	return module_refcount(THIS_MODULE);
#else
	return 0;
#endif
}

/**
 * qsc_test_start() - set the copy of the code under test up, once
 *
 * Return: 0 or a negative errno.
 */
int qsc_test_start(void);

/**
 * qsc_test_suite_init() - for each suite
 * @suite: any
 *
 * Before 6.2 a module's suites run before its init function does.
 */
static inline int qsc_test_suite_init(struct kunit_suite *suite)
{
#ifdef MODULE
	return qsc_test_start();
#else
	return 0;
#endif
}

/**
 * qsc_test_unhex() - bytes of a vector
 * @dst: room for them
 * @hex: two digits a byte, in lower case
 *
 * Return: how many.
 */
u32 qsc_test_unhex(u8 *dst, const char *hex);

/**
 * qsc_test_holds() - is it somewhere in a piece of memory?
 * @p: the piece
 * @size: its bytes
 * @what: to look for
 * @len: its bytes
 */
bool qsc_test_holds(const u8 *p, size_t size, const u8 *what, size_t len);

/**
 * qsc_test_plant_seal() - as if the module had made a sealing key pair just now
 * @seal: its younger key is replaced
 * @id: of the key
 * @secret: in hexadecimal
 * @public: likewise
 */
void qsc_test_plant_seal(struct qsc_seal *seal, u32 id, const char *secret, const char *public);

/**
 * qsc_test_set_param() - set a parameter of the code under test
 * @test: fails if there is no such parameter
 * @name: of the parameter
 * @value: as it would be written to sysfs
 */
void qsc_test_set_param(struct kunit *test, const char *name, const char *value);

/**
 * qsc_test_key() - a key as one of the tests needs it
 * @test: fails if it cannot be made
 * @suite: QSC_SUITE_*
 * @dir: QSC_DIR_*
 * @seed: makes its master key and salt: same seed, same key
 * @mki: as a string, or NULL for none
 *
 * Return: key, to put into a stream or to give to qsc_key_destroy().
 */
struct qsc_key *qsc_test_key(struct kunit *test, u32 suite, u8 dir, u8 seed, const char *mki);

/**
 * qsc_test_fail_nth() - let an allocation of this thread fail
 * @n: which one from now on, 1 for the next; 0 for none
 */
void qsc_test_fail_nth(unsigned int n);

/**
 * qsc_test_fail_left() - end what qsc_test_fail_nth() began
 *
 * Return: which allocation was to fail now; 0 if one has failed.
 */
unsigned int qsc_test_fail_left(void);

/**
 * qsc_test_need_failslab() - skip a test where allocations cannot be made to fail
 * @test: it
 *
 * Those that may sleep do not fail by default: kunit.sh changes that.
 */
void qsc_test_need_failslab(struct kunit *test);

#endif /* _QSC_TESTS_TEST_H */
