// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A thread and its handle of the store. */
#include <errno.h>
#include <stdlib.h>

#include "log.h"
#include "work.h"

struct worker {
	struct store store;
	struct thread *thread;
	struct question questions[]; /* as many as jobs in a batch */
};

static struct store_job *next(struct store_job *job)
{
	return (struct store_job *)STAILQ_NEXT(&job->job, link);
}

static void run(void *arg, struct job_list *jobs)
{
	struct store_job *first = (struct store_job *)STAILQ_FIRST(jobs), *job;
	struct worker *w = arg;
	struct store *st = &w->store;
	size_t n = 0, answered = 0;

	for (job = first; job; job = next(job)) {
		job->asks = job->ask && job->ask(job, &w->questions[n]);
		n += job->asks;
	}
	if (n)
		st->ops->ask(st, w->questions, n);
	for (job = first; job; job = next(job))
		job->run(job, st, job->asks ? &w->questions[answered++] : NULL);
}

int worker_start(struct worker **worker, struct event_base *base, const char *spec,
		 const char *name, unsigned int batch)
{
	struct worker *w = calloc(1, sizeof(*w) + batch * sizeof(w->questions[0]));
	int err;

	*worker = w;
	if (!w)
		return -ENOMEM;
	err = store_open(&w->store, spec, false);
	if (err) {
		log_error("%s", w->store.error);
		return err;
	}
	w->thread = thread_start(base, name, batch, run, w);
	return w->thread ? 0 : -ENOMEM;
}

void worker_submit(struct worker *w, struct store_job *job)
{
	thread_submit(w->thread, &job->job);
}

void worker_stop(struct worker *w)
{
	if (!w)
		return;
	thread_stop(w->thread);
	store_close(&w->store);
	free(w);
}
