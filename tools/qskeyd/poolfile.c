// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * A card in a file, for machines without a card slot. The image key stands for
 * the PIN: who can read it can set one. Draws that wait share a sync.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "log.h"
#include "provider.h"
#include "secmem.h"

struct pool_file {
	const char *path;
	struct qsc_card *card;
	struct qsc_card_info info;
	struct qsc_draw *draws; /* in the secure heap, all zeros between two batches */
};

static struct card_job *job_of(struct job *job)
{
	return (struct card_job *)job;
}

static int draw_failed(struct pool_file *pool, int err, const struct qsc_why *text,
		       struct failure *why)
{
	qsc_card_info(pool->card, &pool->info);
	if (!card_usable(&pool->info, pool->path, why))
		failure(why, FAIL_CARD_BROKEN, "%s%s", text->text,
			err == -EIO ? "; repair the disk and start qskeyd again" : "");
	return -1;
}

/* @n draws of one purpose under one sync */
static int draw_some(struct pool_file *pool, unsigned int purpose, unsigned int n,
		     struct failure *why)
{
	struct qsc_why text = { "" };
	int err = qsc_card_draw_many(pool->card, purpose, pool->draws, n, &text);

	return err ? draw_failed(pool, err, &text, why) : 0;
}

/* The @which-th key of each of @jobs */
static void draw_keys(struct pool_file *pool, struct card_job **jobs, unsigned int n,
		      unsigned int which)
{
	struct failure why = { FAIL_NONE, "" };

	/* All or none are given: near the end, one by one. */
	if (n > 1 && draw_some(pool, purpose_of(pool->info.profile, which), n, &why)) {
		for (unsigned int i = 0; i < n; i++)
			draw_keys(pool, jobs + i, 1, which);
		return;
	}
	if (n == 1)
		draw_some(pool, purpose_of(pool->info.profile, which), 1, &why);
	for (unsigned int i = 0; i < n; i++) {
		if (why.code)
			jobs[i]->why = why;
		else
			drawn_add(jobs[i]->drawn, &pool->draws[i]);
	}
	OPENSSL_cleanse(pool->draws, n * sizeof(*pool->draws));
}

static void draw_batch(struct pool_file *pool, struct card_job **jobs, unsigned int n)
{
	unsigned int wanted = keys_per_call(pool->info.profile);

	for (unsigned int i = 0; i < n; i++) {
		jobs[i]->drawn->card = pool->info.card;
		jobs[i]->drawn->profile = pool->info.profile;
		jobs[i]->drawn->wanted = wanted;
	}
	for (unsigned int which = 0; which < wanted; which++) {
		struct card_job *need[QSC_CARD_BATCH];
		unsigned int needs = 0;

		for (unsigned int i = 0; i < n; i++)
			if (!jobs[i]->why.code && jobs[i]->drawn->n == which)
				need[needs++] = jobs[i];
		if (needs)
			draw_keys(pool, need, needs, which);
	}
}

static void look(struct pool_file *pool, struct card_job *job)
{
	struct card_view *view = &job->views[job->op == CARD_LOOK ? job->n_views : 0];

	job->why.code = FAIL_NONE;
	if (job->n_views == CARDS_MAX)
		return;
	qsc_card_info(pool->card, &pool->info);
	memset(view, 0, sizeof(*view));
	snprintf(view->where, sizeof(view->where), "%s", pool->path);
	view->has_info = true;
	view->info = pool->info;
	card_usable(&pool->info, pool->path, &view->why);
	if (job->op == CARD_LOOK) {
		job->n_views++;
		return;
	}
	if (job->card && job->card != pool->info.card)
		failure(&job->why, FAIL_OTHER_CARD, "%s is card %llu, not card %llu", pool->path,
			(unsigned long long)pool->info.card, (unsigned long long)job->card);
	else if (job->op == CARD_UNLOCK)
		failure(&job->why, FAIL_BAD_REQUEST, "%s needs no PIN: its key file is enough",
			pool->path);
	else
		job->why = view->why;
}

static void run(void *arg, struct job_list *jobs)
{
	struct card_job *draws[QSC_CARD_BATCH];
	struct pool_file *pool = arg;
	unsigned int n = 0;
	struct job *job;

	for (job = STAILQ_FIRST(jobs); job; job = STAILQ_NEXT(job, link)) {
		if (job_of(job)->op == CARD_DRAW)
			draws[n++] = job_of(job);
		else
			look(pool, job_of(job));
	}
	if (n)
		draw_batch(pool, draws, n);
}

static void stop(struct provider *provider)
{
	struct pool_file *pool = provider->self;

	if (!pool)
		return;
	thread_stop(provider->thread);
	qsc_card_close(pool->card);
	OPENSSL_secure_free(pool->draws);
	free(pool);
}

static int open_image(struct pool_file *pool, const char *image_key)
{
	struct qsc_why why = { "" };
	uint8_t *key = secmem_get(QSC_KEYS_LEN);
	int err = -ENOMEM;

	if (key)
		err = qsc_keyfile_read(image_key, QSC_KEYFILE_IMAGE, key, &why) ?:
			      qsc_card_open(&pool->card, pool->path, key, &why);
	secmem_put(key);
	if (err)
		log_error("pool file %s: %s", pool->path,
			  why.text[0] ? why.text : "not enough memory");
	return err;
}

int provider_pool_file(struct provider *provider, struct event_base *base, const char *image,
		       const char *image_key)
{
	struct pool_file *pool = calloc(1, sizeof(*pool));
	int err;

	if (!pool)
		return -ENOMEM;
	provider->name = "pool-file";
	provider->self = pool;
	provider->stop = stop;
	pool->path = image;
	pool->draws = OPENSSL_secure_zalloc(QSC_CARD_BATCH * sizeof(*pool->draws));
	if (!pool->draws)
		return -ENOMEM;
	err = open_image(pool, image_key);
	if (err)
		return err;
	qsc_card_info(pool->card, &pool->info);
	provider->thread = thread_start(base, "pool-file", QSC_CARD_BATCH, run, pool);
	return provider->thread ? 0 : -ENOMEM;
}
