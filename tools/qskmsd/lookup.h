/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* From a kid to its keys. */
#ifndef _QSKMSD_LOOKUP_H
#define _QSKMSD_LOOKUP_H

#include "work.h"

enum lookup_result {
	LOOKUP_FOUND = 1,
	LOOKUP_UNKNOWN, /* not one of ours, or its card is revoked */
	LOOKUP_BURNT,
	LOOKUP_FAILED, /* the store could not be read */
};

struct lookup_keys {
	uint8_t auth[QSC_KEYS_LEN];
	uint8_t dist[QSC_KEYS_LEN];
};

struct service;

/**
 * struct lookup - one look-up, to be embedded
 * @owner: the caller's
 * @done: called from the event loop
 * @result: out
 * @card, @slot, @profile, @subscriber: out, when found
 * @keys: out, when found: from the secure heap, the caller's to free
 */
struct lookup {
	struct store_job job;
	struct service *svc;
	uint8_t kid[QSC_KEYS_KID];
	void *owner;
	void (*done)(struct lookup *lookup);
	enum lookup_result result;
	uint64_t card;
	uint32_t slot;
	unsigned int profile;
	char subscriber[QSC_KEYS_ID_MAX + 1];
	struct lookup_keys *keys;
};

void lookup_start(struct lookup *lookup);
void lookup_free_keys(struct lookup_keys *keys);

#endif /* _QSKMSD_LOOKUP_H */
