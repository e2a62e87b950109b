/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Threads that wait for the store so that the event loop does not. Each has a
 * handle of its own and runs its jobs in order.
 */
#ifndef _QSKMSD_WORK_H
#define _QSKMSD_WORK_H

#include "store.h"
#include "thread.h"

/**
 * struct store_job - something to be done with the store
 * @job: @job.done runs afterwards, in the event loop, and may free it
 * @ask: what it needs to know, or NULL. Jobs that wait together are asked first,
 *	and all their questions go to the store at once. False: nothing
 * @run: then, in the worker's thread, with the answer or NULL
 * @asks: the worker's: @ask had a question
 */
struct store_job {
	struct job job;
	bool (*ask)(struct store_job *job, struct question *question);
	void (*run)(struct store_job *job, struct store *st, const struct question *answer);
	bool asks;
};

struct worker;

/**
 * worker_start() - open a store and start a thread for it
 * @worker: out
 * @base: the event loop
 * @spec: see store_open()
 * @name: of the thread
 * @batch: how many jobs may be done together; those of a batch are done() late
 *
 * Logs what went wrong. Return: 0 or a negative errno
 */
int worker_start(struct worker **worker, struct event_base *base, const char *spec,
		 const char *name, unsigned int batch);

/* From the event loop only */
void worker_submit(struct worker *worker, struct store_job *job);

/* Runs the jobs that are left, and their done(), then ends the thread. */
void worker_stop(struct worker *worker);

#endif /* _QSKMSD_WORK_H */
