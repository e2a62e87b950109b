/* SPDX-License-Identifier: GPL-2.0 */
/* xorshift64*: fast, and one seed replays a whole run. */
#ifndef _QSC_RNG_H
#define _QSC_RNG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rng {
	uint64_t s;
};

static inline void rng_seed(struct rng *r, uint64_t seed)
{
	/* a zero state would stay zero for ever */
	r->s = seed * 0x9e3779b97f4a7c15ULL ^ 0xd1b54a32d192ed03ULL;
	if (!r->s)
		r->s = 1;
}

static inline uint64_t rng_u64(struct rng *r)
{
	r->s ^= r->s >> 12;
	r->s ^= r->s << 25;
	r->s ^= r->s >> 27;
	return r->s * 0x2545f4914f6cdd1dULL;
}

/* 0 .. n - 1 */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return ((rng_u64(r) >> 32) * n) >> 32;
}

/* lo .. hi, both included */
static inline uint32_t rng_range(struct rng *r, uint32_t lo, uint32_t hi)
{
	return lo + rng_below(r, hi - lo + 1);
}

/* true n times in a thousand */
static inline int rng_permille(struct rng *r, uint32_t n)
{
	return rng_below(r, 1000) < n;
}

static inline void rng_fill(struct rng *r, void *buf, size_t len)
{
	uint8_t *p = buf;
	uint64_t v;

	for (; len >= 8; p += 8, len -= 8) {
		v = rng_u64(r);
		memcpy(p, &v, 8);
	}
	v = rng_u64(r);
	memcpy(p, &v, len);
}

#endif /* _QSC_RNG_H */
