// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Keys that a login is using right now. */
#include <stdlib.h>

#include "reserve.h"

#define BUCKETS 4096

LIST_HEAD(bucket, reservation);

struct reservations {
	struct bucket buckets[BUCKETS];
};

struct reservations *reservations_new(void)
{
	return calloc(1, sizeof(struct reservations));
}

void reservations_free(struct reservations *all)
{
	free(all);
}

/* Only identities made with our secret get here: nobody can aim at a bucket. */
static struct bucket *bucket_of(struct reservations *all, uint64_t card, uint32_t slot)
{
	uint64_t hash = (card << 24 ^ slot) * UINT64_C(0x9e3779b97f4a7c15);

	return &all->buckets[hash >> 52];
}

bool reserve(struct reservations *all, struct reservation *r, uint64_t card, uint32_t slot)
{
	struct bucket *bucket = bucket_of(all, card, slot);
	struct reservation *other;

	LIST_FOREACH(other, bucket, link)
	if (other->card == card && other->slot == slot)
		return false;
	r->card = card;
	r->slot = slot;
	r->held = true;
	LIST_INSERT_HEAD(bucket, r, link);
	return true;
}

void release(struct reservation *r)
{
	if (!r->held)
		return;
	LIST_REMOVE(r, link);
	r->held = false;
}
