/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* All cards of this machine. Event loop only. */
#ifndef _QSKEYD_CARDS_H
#define _QSKEYD_CARDS_H

#include "provider.h"

struct cards;

/**
 * struct card_request - a job for whichever provider can do it
 * @job: op, card, pin, drawn and views are the caller's to set; @job.views has
 *	room for %CARDS_MAX views with %CARD_LOOK, else for one. After a check,
 *	@job.card is the card that was found.
 * @done: in the event loop, with @job.why
 * @owner: for @done
 * @cards, @at, @best: of cards.c
 */
struct card_request {
	struct card_job job;
	void (*done)(struct card_request *request);
	void *owner;
	struct cards *cards;
	unsigned int at;
	struct failure best;
};

struct cards *cards_new(struct event_base *base);
void cards_free(struct cards *cards); /* waits for what is under way */

/* The next of at most %CARDS_MAX providers, to be filled in; NULL if too many */
struct provider *cards_add(struct cards *cards);

/*
 * Do it; there has to be a provider. @done is not called before this has
 * returned. A draw goes to the provider that the check before, with the same
 * request, has found.
 */
void cards_submit(struct cards *cards, struct card_request *request);

/*
 * A key whose login failed although it may be good still is not thrown away: it
 * waits some minutes for the next call.
 */
void cards_keep_spare(struct cards *cards, const struct drawn *drawn);
bool cards_take_spare(struct cards *cards, uint64_t card, struct drawn *drawn);
unsigned int cards_spares(const struct cards *cards);

#endif /* _QSKEYD_CARDS_H */
