// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Collects burns and hands them to the writer, a batch at a time. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "burner.h"
#include "log.h"
#include "stats.h"

#define BATCH_MAX 1024
#define LOOK_AGAIN_MS 1

TAILQ_HEAD(burn_requests, burn_request);

struct burner {
	struct burner_params params;
	struct worker *writer;
	struct stats *stats;
	struct event *deadline;
	struct event *again; /* those that a batch waits for may be gone */
	struct event *turn; /* when what happens in this round of the event loop is over */
	struct burn_requests waiting;
	unsigned int n_waiting;
	bool overdue;
	bool busy; /* one batch is with the writer */
	bool stopped;
};

struct batch {
	struct store_job job;
	struct burner *burner;
	size_t n;
	int err;
	char error[STORE_ERROR_MAX];
	struct burn burns[];
};

static struct batch *batch_of(void *job)
{
	return (struct batch *)((char *)job - offsetof(struct batch, job));
}

static void run_batch(struct store_job *job, struct store *st, const struct question *answer)
{
	struct batch *batch = batch_of(job);

	(void)answer;
	/* In one order, or two services on one store might wait for each other in a circle. */
	qsort(batch->burns, batch->n, sizeof(batch->burns[0]), burn_compare);
	batch->err = st->ops->burn(st, batch->burns, batch->n);
	if (batch->err)
		memcpy(batch->error, st->error, sizeof(batch->error));
}

static void count_batch(struct stats *stats, const struct batch *batch)
{
	if (batch->err) {
		stats->burns_failed += batch->n;
		return;
	}
	stats->syncs++;
	for (size_t i = 0; i < batch->n; i++)
		stats->burns += batch->burns[i].done;
}

/* Others may want to burn in the same round: they all go into one batch. */
static void consider_soon(struct burner *burner)
{
	event_active(burner->turn, EV_TIMEOUT, 0);
}

static void batch_done(struct job *job)
{
	struct batch *batch = batch_of(job);
	struct burner *burner = batch->burner;

	if (batch->err)
		log_error("%s", batch->error);
	count_batch(burner->stats, batch);
	for (size_t i = 0; i < batch->n; i++) {
		struct burn_request *req = batch->burns[i].owner;

		if (batch->err)
			req->done(req, BURN_FAILED);
		else
			req->done(req, batch->burns[i].done ? BURN_DONE : BURN_GONE);
	}
	free(batch);
	burner->busy = false;
	consider_soon(burner);
}

static void fail_all(struct burner *burner)
{
	struct burn_request *req;

	while ((req = TAILQ_FIRST(&burner->waiting))) {
		TAILQ_REMOVE(&burner->waiting, req, link);
		burner->n_waiting--;
		req->done(req, BURN_FAILED);
	}
}

static void commit(struct burner *burner)
{
	struct burn_request *req;
	struct batch *batch;
	size_t n = BATCH_MAX;

	if (n > burner->n_waiting)
		n = burner->n_waiting;
	batch = calloc(1, sizeof(*batch) + n * sizeof(batch->burns[0]));
	if (!batch) {
		log_error("not enough memory to burn keys");
		fail_all(burner);
		return;
	}
	batch->burner = burner;
	batch->job.run = run_batch;
	batch->job.job.done = batch_done;
	batch->n = n;
	for (size_t i = 0; i < n; i++) {
		req = TAILQ_FIRST(&burner->waiting);
		TAILQ_REMOVE(&burner->waiting, req, link);
		batch->burns[i].card = req->card;
		batch->burns[i].slot = req->slot;
		batch->burns[i].owner = req;
	}
	burner->n_waiting -= n;
	burner->busy = true;
	burner->overdue = false;
	event_del(burner->deadline);
	event_del(burner->again);
	worker_submit(burner->writer, &batch->job);
}

static void wait_for(struct event *timer, unsigned int ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (!event_pending(timer, EV_TIMEOUT, NULL))
		event_add(timer, &tv);
}

static void consider(struct burner *burner)
{
	struct burner_params *p = &burner->params;

	if (burner->busy || burner->stopped || !burner->n_waiting)
		return;
	if (burner->overdue || burner->n_waiting >= p->enough ||
	    !p->more(p->arg, burner->n_waiting)) {
		commit(burner);
		return;
	}
	wait_for(burner->deadline, p->wait_ms);
	wait_for(burner->again, LOOK_AGAIN_MS);
}

static void turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	consider(arg);
}

static void deadline(evutil_socket_t fd, short what, void *arg)
{
	struct burner *burner = arg;

	(void)fd;
	(void)what;
	burner->overdue = true;
	consider(burner);
}

struct burner *burner_new(struct event_base *base, struct worker *writer,
			  const struct burner_params *params, struct stats *stats)
{
	struct burner *burner = calloc(1, sizeof(*burner));

	if (!burner)
		return NULL;
	burner->params = *params;
	burner->writer = writer;
	burner->stats = stats;
	TAILQ_INIT(&burner->waiting);
	burner->deadline = evtimer_new(base, deadline, burner);
	burner->again = evtimer_new(base, turn, burner);
	burner->turn = evtimer_new(base, turn, burner);
	if (burner->deadline && burner->again && burner->turn)
		return burner;
	burner_free(burner);
	return NULL;
}

void burner_stop(struct burner *burner)
{
	if (burner)
		burner->stopped = true;
}

void burner_free(struct burner *burner)
{
	if (!burner)
		return;
	fail_all(burner);
	if (burner->deadline)
		event_free(burner->deadline);
	if (burner->again)
		event_free(burner->again);
	if (burner->turn)
		event_free(burner->turn);
	free(burner);
}

void burner_submit(struct burner *burner, struct burn_request *req)
{
	TAILQ_INSERT_TAIL(&burner->waiting, req, link);
	burner->n_waiting++;
	consider_soon(burner);
}

void burner_poke(struct burner *burner)
{
	consider_soon(burner);
}
