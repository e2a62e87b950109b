/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_TESTS_THREADS_H
#define _QSC_TESTS_THREADS_H

#include <kunit/test.h>

#define QSC_TEST_THREADS_MAX 4

/**
 * qsc_test_together() - do things on two CPUs at the same time
 * @test: skipped where there is one CPU only
 * @work: what each thread does; it must not end the test
 * @shared: given to each
 * @n: threads, up to QSC_TEST_THREADS_MAX; odd ones run on one CPU, even ones on
 *	another
 *
 * All begin when the last one is ready. Returns when all are done.
 */
void qsc_test_together(struct kunit *test, void (*work)(void *shared, int number), void *shared,
		       int n);

#endif /* _QSC_TESTS_THREADS_H */
