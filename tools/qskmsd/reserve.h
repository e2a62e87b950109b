/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Keys that a login is using right now: from the look-up until the burn is on
 * disk or the login has failed. Event loop only.
 */
#ifndef _QSKMSD_RESERVE_H
#define _QSKMSD_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/queue.h>

/* Embed it, zeroed. */
struct reservation {
	LIST_ENTRY(reservation) link;
	uint64_t card;
	uint32_t slot;
	bool held;
};

struct reservations;

struct reservations *reservations_new(void);
void reservations_free(struct reservations *all);

/* False if somebody else has it. */
bool reserve(struct reservations *all, struct reservation *r, uint64_t card, uint32_t slot);
void release(struct reservation *r);

#endif /* _QSKMSD_RESERVE_H */
