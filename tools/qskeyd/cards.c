// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* From provider to provider, and keys that wait for a second try. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sys/queue.h>

#include "cards.h"
#include "log.h"
#include "secmem.h"

#define SPARES_MAX 64
#define SPARE_SECONDS 600

struct spare {
	STAILQ_ENTRY(spare) link;
	struct drawn *drawn; /* secret memory */
};

STAILQ_HEAD(spares, spare);

struct cards {
	struct event_base *base;
	struct provider providers[CARDS_MAX];
	unsigned int n;
	struct spares spares;
	unsigned int n_spares;
	struct event *wipe;
};

static void drop_spare(struct cards *cards)
{
	struct spare *spare = STAILQ_FIRST(&cards->spares);

	STAILQ_REMOVE_HEAD(&cards->spares, link);
	cards->n_spares--;
	secmem_put(spare->drawn);
	free(spare);
}

static void too_old(evutil_socket_t fd, short what, void *arg)
{
	struct cards *cards = arg;

	(void)fd;
	(void)what;
	log_info("%u unused keys were destroyed", cards->n_spares);
	while (cards->n_spares)
		drop_spare(cards);
}

struct cards *cards_new(struct event_base *base)
{
	struct cards *cards = calloc(1, sizeof(*cards));

	if (!cards)
		return NULL;
	STAILQ_INIT(&cards->spares);
	cards->base = base;
	cards->wipe = evtimer_new(base, too_old, cards);
	if (cards->wipe)
		return cards;
	free(cards);
	return NULL;
}

void cards_free(struct cards *cards)
{
	if (!cards)
		return;
	for (unsigned int i = 0; i < cards->n; i++)
		if (cards->providers[i].stop)
			cards->providers[i].stop(&cards->providers[i]);
	while (cards->n_spares)
		drop_spare(cards);
	event_free(cards->wipe);
	free(cards);
}

struct provider *cards_add(struct cards *cards)
{
	return cards->n < CARDS_MAX ? &cards->providers[cards->n++] : NULL;
}

static struct card_request *request_of(struct job *job)
{
	return (struct card_request *)((char *)job - offsetof(struct card_request, job.job));
}

static void tell(struct card_request *req)
{
	if (req->job.op == CARD_CHECK && !req->job.why.code)
		req->job.card = req->job.views[0].info.card;
	if (req->job.op == CARD_LOOK && req->job.n_views)
		req->job.why.code = FAIL_NONE;
	req->done(req);
}

/* The next one, if this one could not do it, or did but others may have cards, too */
static void finished(struct job *job)
{
	struct card_request *req = request_of(job);
	bool enough = req->job.op == CARD_DRAW || (req->job.op != CARD_LOOK && !req->job.why.code);

	if (req->job.why.code > req->best.code)
		req->best = req->job.why;
	if (!enough && req->at + 1 < req->cards->n) {
		req->at++;
		thread_submit(req->cards->providers[req->at].thread, &req->job.job);
		return;
	}
	if (!enough)
		req->job.why = req->best;
	tell(req);
}

void cards_submit(struct cards *cards, struct card_request *req)
{
	req->cards = cards;
	req->best.code = FAIL_NONE;
	req->job.why.code = FAIL_NONE;
	req->job.lost = 0;
	req->job.n_views = 0;
	if (req->job.op != CARD_DRAW)
		req->at = 0;
	req->job.job.done = finished;
	thread_submit(cards->providers[req->at].thread, &req->job.job);
}

void cards_keep_spare(struct cards *cards, const struct drawn *drawn)
{
	static const struct timeval later = { .tv_sec = SPARE_SECONDS };
	struct spare *spare;

	if (cards->n_spares >= SPARES_MAX)
		drop_spare(cards);
	spare = calloc(1, sizeof(*spare));
	if (!spare)
		return;
	spare->drawn = secmem_get(sizeof(*drawn));
	if (!spare->drawn) {
		free(spare);
		return;
	}
	*spare->drawn = *drawn;
	STAILQ_INSERT_TAIL(&cards->spares, spare, link);
	cards->n_spares++;
	event_add(cards->wipe, &later);
}

bool cards_take_spare(struct cards *cards, uint64_t card, struct drawn *drawn)
{
	struct spare *spare;

	for (spare = STAILQ_FIRST(&cards->spares); spare; spare = STAILQ_NEXT(spare, link)) {
		if (spare->drawn->card != card)
			continue;
		*drawn = *spare->drawn;
		STAILQ_REMOVE(&cards->spares, spare, spare, link);
		cards->n_spares--;
		secmem_put(spare->drawn);
		free(spare);
		return true;
	}
	return false;
}

unsigned int cards_spares(const struct cards *cards)
{
	return cards->n_spares;
}
