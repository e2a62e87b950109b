// SPDX-License-Identifier: GPL-2.0
/* The replay window: a ring of bits, after RFC 6479. */

#include "replay.h"

#include <linux/kernel.h>
#include <linux/log2.h>

u32 qsc_replay_words(u32 window)
{
	return roundup_pow_of_two(DIV_ROUND_UP(window, BITS_PER_LONG) + 1);
}

void qsc_replay_init(struct qsc_replay *r, u32 window, unsigned long *map)
{
	r->top = 0;
	r->window = window;
	r->mask = qsc_replay_words(window) - 1;
	r->map = map;
}

void qsc_replay_clear(struct qsc_replay *r, u64 index)
{
	u64 word = index / BITS_PER_LONG;
	u64 n;

	if (!r->top)
		return;
	n = min_t(u64, word - (r->top - 1) / BITS_PER_LONG, r->mask + 1);
	for (; n; n--, word--)
		WRITE_ONCE(r->map[word & r->mask], 0);
}
