/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failing allocations: the n-th one that this task makes in the kernel fails
 * (Documentation/fault-injection/fault-injection.rst, fail-nth).
 */
#ifndef _QSC_INJ_H
#define _QSC_INJ_H

#include <stdbool.h>

/* All allocations count from now on. Ends the test if the kernel cannot do it. */
void inj_open(void);

/* The @n-th allocation from here on fails. */
void inj_start(unsigned int n);

/* No more failures. Returns whether there was one. */
bool inj_stop(void);

/* inj_start(INJ_FAR), something, inj_count(): how many allocations it made. */
#define INJ_FAR	1000000
unsigned int inj_count(void);

#endif /* _QSC_INJ_H */
