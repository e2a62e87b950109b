/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Threads that wait for the store so that the event loop does not. Each has a
 * handle of its own and runs its jobs in order.
 */
#ifndef _QSKMSD_WORK_H
#define _QSKMSD_WORK_H

#include <sys/queue.h>

#include <event2/event.h>

#include "store.h"

/**
 * struct job - something to be done with the store
 * @run: in the worker's thread
 * @done: afterwards, in the event loop; may free the job
 */
struct job {
	STAILQ_ENTRY(job) link;
	void (*run)(struct job *job, struct store *st);
	void (*done)(struct job *job);
};

struct worker;

/**
 * worker_start() - open a store and start a thread for it
 * @worker: out
 * @base: the event loop
 * @spec: see store_open()
 * @name: of the thread
 *
 * Logs what went wrong. Return: 0 or a negative errno
 */
int worker_start(struct worker **worker, struct event_base *base, const char *spec,
		 const char *name);

/* From the event loop only */
void worker_submit(struct worker *worker, struct job *job);

/* Runs the jobs that are left, and their done(), then ends the thread. */
void worker_stop(struct worker *worker);

#endif /* _QSKMSD_WORK_H */
