// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Health tests: NIST SP 800-90B, 4.4.1 and 4.4.2. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "health.h"

#define PERFECT 8.0
#define NONE (-1)

static double log_choose(unsigned int n, unsigned int k)
{
	return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

unsigned int health_cutoff(unsigned int n, double p, unsigned int alpha_bits)
{
	double tail = 0, alpha = ldexp(1, -(int)alpha_bits);
	unsigned int c = n + 1;

	/* From the far end, where the terms are small: no cancellation. */
	while (c) {
		unsigned int k = c - 1;

		tail += exp(log_choose(n, k) + k * log(p) + (n - k) * log1p(-p));
		if (tail > alpha)
			break;
		c = k;
	}
	return c;
}

/* @entropy: bits of each sample */
static void test_init(struct health_test *test, double entropy, unsigned int window)
{
	*test = (struct health_test){
		.repetitions = 1 + (unsigned int)ceil(HEALTH_ALPHA_BITS / entropy),
		/* The first sample of a window is not counted. */
		.proportion = 1 + health_cutoff(window - 1, exp2(-entropy), HEALTH_ALPHA_BITS),
		.window = window,
		.last = NONE,
	};
}

void health_init(struct health *health, double min_entropy)
{
	memset(health, 0, sizeof(*health));
	health->min_entropy = min_entropy;
	test_init(&health->bytes, min_entropy, HEALTH_BYTE_WINDOW);
	test_init(&health->bits, min_entropy / 8, HEALTH_BIT_WINDOW);
}

static int stuck(const struct health *health, const char *what, int sample, unsigned int run,
		 struct qsc_why *why)
{
	return qsc_why(why, -EDOM,
		       "the source is stuck: %s %#x came %u times in a row, after %llu bytes "
		       "(repetition count test, %.3g bits a byte claimed); repair it, no key was "
		       "made of it",
		       what, sample, run, (unsigned long long)health->samples, health->min_entropy);
}

static int biased(const struct health *health, const char *what, int sample,
		  const struct health_test *test, struct qsc_why *why)
{
	return qsc_why(why, -EDOM,
		       "the source is biased: %s %#x came %u times within %u, after %llu bytes "
		       "(adaptive proportion test, %.3g bits a byte claimed); repair it, or claim "
		       "less with --min-entropy; no key was made of it",
		       what, sample, test->same, test->window, (unsigned long long)health->samples,
		       health->min_entropy);
}

static int test_feed(struct health *health, struct health_test *test, const char *what, int sample,
		     struct qsc_why *why)
{
	test->run = sample == test->last ? test->run + 1 : 1;
	test->last = sample;
	if (test->run >= test->repetitions)
		return stuck(health, what, sample, test->run, why);

	if (!test->seen) {
		test->first = sample;
		test->same = 0;
	}
	test->same += sample == test->first;
	if (test->same >= test->proportion)
		return biased(health, what, sample, test, why);
	test->seen = (test->seen + 1) % test->window;
	return 0;
}

int health_feed(struct health *health, const uint8_t *data, size_t len, struct qsc_why *why)
{
	for (size_t i = 0; i < len; i++) {
		int err = test_feed(health, &health->bytes, "byte", data[i], why);

		/* Bits of a source that is not perfect may well depend on each other. */
		for (int bit = 7; bit >= 0 && !err && health->min_entropy >= PERFECT; bit--)
			err = test_feed(health, &health->bits, "bit", data[i] >> bit & 1, why);
		if (err)
			return err;
		health->samples++;
		health->counts[data[i]]++;
	}
	return 0;
}

/*
 * Chi squared with k degrees of freedom exceeds k + 2 sqrt(kx) + 2x with a
 * probability of at most exp(-x) (Laurent and Massart 2000, lemma 1).
 */
int health_end(const struct health *health, struct qsc_why *why)
{
	double expected = (double)health->samples / 256, chi = 0;
	double k = 255, x = HEALTH_ALPHA_BITS * log(2);
	double limit = k + 2 * sqrt(k * x) + 2 * x;

	if (health->min_entropy < PERFECT || expected < 5)
		return 0;
	for (int i = 0; i < 256; i++) {
		double off = (double)health->counts[i] - expected;

		chi += off * off / expected;
	}
	if (chi <= limit)
		return 0;
	return qsc_why(why, -EDOM,
		       "the source is biased: its %llu bytes are not equally frequent (chi squared "
		       "%.0f, limit %.0f); repair it, or claim less with --min-entropy; no key was "
		       "made of it",
		       (unsigned long long)health->samples, chi, limit);
}
