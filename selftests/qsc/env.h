/* SPDX-License-Identifier: GPL-2.0 */
/* What the environment asks of a test with random input. */
#ifndef _QSC_ENV_H
#define _QSC_ENV_H

#include <stdint.h>

/* QSC_SEED, or something new; printed, so that the run can be repeated. */
uint64_t env_seed(void);

/* How many of something a run does. */
struct env_count {
	const char *name;	/* of the variable that says otherwise */
	unsigned int full;	/* with QSC_FULL=1 */
	unsigned int stock;	/* on a kernel as it is delivered */
	unsigned int debug;	/* on one that looks for bugs, and is slow */
	unsigned int quick;	/* with QUICK=1 */
};

unsigned int env_count(const struct env_count *c);

#endif /* _QSC_ENV_H */
