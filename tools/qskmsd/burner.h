/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Group commit. Burns that arrive while the writer is busy, or shortly after
 * each other, share one transaction and with it one sync of the disk.
 */
#ifndef _QSKMSD_BURNER_H
#define _QSKMSD_BURNER_H

#include "work.h"

enum burn_result {
	BURN_DONE, /* ours, and on disk */
	BURN_GONE, /* somebody was faster, or the card is revoked */
	BURN_FAILED, /* the store could not; the key may be usable or not */
};

/* Embed it. @done is called from the event loop, once. */
struct burn_request {
	TAILQ_ENTRY(burn_request) link;
	uint64_t card;
	uint32_t slot;
	void (*done)(struct burn_request *req, enum burn_result result);
};

struct burner;
struct stats;

/**
 * struct burner_params - when to commit
 * @enough: at once if so many wait
 * @wait_ms: for no longer than that, even if others may join
 * @more: whether others may join soon the @waiting ones; if not, there is nothing to
 *	wait for
 * @arg: for @more
 */
struct burner_params {
	unsigned int enough;
	unsigned int wait_ms;
	bool (*more)(void *arg, unsigned int waiting);
	void *arg;
};

struct burner *burner_new(struct event_base *base, struct worker *writer,
			  const struct burner_params *params, struct stats *stats);

/* Hands nothing to the writer any more. NULL is allowed, here and below. */
void burner_stop(struct burner *burner);

/* After the writer was stopped: what still waits, fails. */
void burner_free(struct burner *burner);
void burner_submit(struct burner *burner, struct burn_request *req);

/* Those who might have joined are fewer: perhaps there is nothing to wait for. */
void burner_poke(struct burner *burner);

#endif /* _QSKMSD_BURNER_H */
