/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Health tests of a source of random bytes: the repetition count test and the
 * adaptive proportion test of NIST SP 800-90B, 4.4, on bytes. A source that is
 * said to be perfect has its bits tested the same way, and the frequencies of
 * its bytes over the whole run.
 *
 * A good source is refused once in about 2^40 samples, a pool of 130,000 keys
 * once in about 2^17.
 */
#ifndef _QSPOOL_HEALTH_H
#define _QSPOOL_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys.h"

#define HEALTH_ALPHA_BITS 40 /* false alarms: 2^-40 per test */
#define HEALTH_BYTE_WINDOW 512 /* samples, table 2 of the standard */
#define HEALTH_BIT_WINDOW 1024

/* One kind of sample: how often one may come in a row, and in a window. */
struct health_test {
	unsigned int repetitions;
	unsigned int proportion;
	unsigned int window;
	int last;
	unsigned int run;
	int first;
	unsigned int seen;
	unsigned int same;
};

struct health {
	double min_entropy; /* bits a byte, as claimed */
	struct health_test bytes;
	struct health_test bits;
	uint64_t samples;
	uint64_t counts[256];
};

/* @min_entropy: more than 0, at most 8 */
void health_init(struct health *health, double min_entropy);
/* 0, or -EDOM with the test that failed in @why */
int health_feed(struct health *health, const uint8_t *data, size_t len, struct qsc_why *why);
/* What only the whole run shows */
int health_end(const struct health *health, struct qsc_why *why);

/* Smallest c with P(X >= c) <= 2^-@alpha_bits, X binomial of @n and @p */
unsigned int health_cutoff(unsigned int n, double p, unsigned int alpha_bits);

#endif /* _QSPOOL_HEALTH_H */
